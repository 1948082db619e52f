"""What a capability registers: the only extension point of the platform.

A slice builds one `Capability` in its `capability.py`. The composition roots collect the built-in
ones from a list and further ones from the entry-point group `idp.capabilities`; both are treated
alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy

from idp.kernel.client import Client
from idp.kernel.controller import Runnable
from idp.kernel.resource import Resource
from idp.kernel.step import Step
from idp.kernel.trust import Keys


class TransparencyLog(Protocol):
    """An append-only log of what was signed, which proves that nothing was taken back."""

    async def append(self, entry: bytes) -> Mapping[str, Any]:
        """Add an entry, or find it; durable when this returns.

        Returns:
            The proof that it is in the log, as an element of a Sigstore bundle's `tlogEntries`;
            the same for the same entry, always.

        Raises:
            Unavailable: It cannot be written; call again later.
        """
        ...


class TimestampSource(Protocol):
    """Somebody else's clock, who vouches that a signature existed at a time."""

    async def stamp(self, signature: bytes) -> bytes:
        """An RFC 3161 response over a signature; the same for the same signature, always.

        Raises:
            Unavailable: Nobody answers; call again later.
        """
        ...


class Signer(Protocol):
    """The instance's signing key. The private part never leaves it."""

    @property
    def log(self) -> TransparencyLog | None:
        """Where the attestations are logged that it signs; None for nowhere."""
        ...

    @property
    def timestamps(self) -> TimestampSource | None:
        """Who stamps what it signs; None for nobody."""
        ...

    @property
    def public_key(self) -> str:
        """PEM text of the public key (SubjectPublicKeyInfo)."""
        ...

    def sign(self, payload: bytes) -> bytes:
        """ECDSA P-256 over SHA-256 of `payload`, DER encoded."""
        ...


@dataclass(frozen=True)
class Remote:
    """An HTTP service that an instance uses, and the credential for it.

    Attributes:
        url: Base address without a trailing slash, such as `http://127.0.0.1:8600`.
        username: For HTTP basic authentication.
        password: Never logged.
    """

    url: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Context:
    """What a capability's controllers are given when an instance starts.

    Attributes:
        environment: `development`, `staging`, `uat`, `production` or a user's own.
        data: The instance's data folder; each capability uses a folder of its own below it.
        client: The instance's own API, with the controllers' rights.
        database: The instance's history database.
        registry: The OCI registry (`registry.url` + `/v2/...`).
        git: The Git server; a repository is at `{git.url}/git/<namespace>/<name>.git`.
        gateway_port: Where the instance's gateway listens.
        signer: Signs in the name of this environment.
        trusted_keys: Environment -> the public keys that this instance has pinned for it, its own
            included. Pinned when the instance was set up, never fetched.
        options: Further settings by name, from the instance's configuration.
    """

    environment: str
    data: Path
    client: Client
    database: sqlalchemy.Engine
    registry: Remote
    git: Remote
    gateway_port: int
    signer: Signer
    trusted_keys: Keys
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Capability:
    """One area of the platform.

    Attributes:
        name: The folder's name.
        kinds: Resource kinds; CRDs, docs, CLI and RBAC derive from them.
        controllers: Builds what runs inside an instance.
        steps: Builds the pipeline steps of this area, by `Step.uses` unique in the platform.
        migrations: Folders of Alembic revisions for the history tables of this area.
        manifests: Objects that every instance needs from this area (roles, workflow templates,
            admission policies), applied at start. They must not depend on the environment's state.
        commands: Import path of a Typer application, `module:attribute`, and its name; imported
            only when the command is used, so that starting the CLI stays cheap.
    """

    name: str
    kinds: tuple[type[Resource[Any, Any]], ...] = ()
    controllers: Callable[[Context], Sequence[Runnable]] = lambda context: ()
    steps: Callable[[Context], Sequence[Step]] = lambda context: ()
    migrations: tuple[Path, ...] = ()
    manifests: Callable[[str], Sequence[dict[str, Any]]] = lambda environment: ()
    commands: tuple[tuple[str, str], ...] = ()


def load(built_in: Sequence[Capability]) -> list[Capability]:
    """The built-in capabilities followed by those of installed packages, each name once."""
    found = {capability.name: capability for capability in built_in}
    for entry in sorted(entry_points(group="idp.capabilities"), key=lambda e: e.name):
        found.setdefault(entry.name, entry.load())
    return list(found.values())
