"""An asynchronous client of any Kubernetes API: what controllers, engines and the CLI stand on.

`Client` is the port. `http_client.HttpClient` speaks to a real or embedded API server;
`memory_client.MemoryClient` holds objects in memory for tests. One contract suite runs over both
(`tests/kernel/test_client_contract.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from idp.kernel.resource import Manifest, ResourceType

PatchType = Literal["merge", "json", "strategic"]
Propagation = Literal["Background", "Foreground", "Orphan"]


@dataclass(frozen=True, slots=True)
class ObjectList:
    """One answer to a list request.

    Attributes:
        items: The objects; each carries its `apiVersion` and `kind`.
        resource_version: From which a watch continues without a gap.
    """

    items: list[Manifest]
    resource_version: str


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change of one object. Bookmarks are consumed by the client."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    object: Manifest


class Client(Protocol):
    """Verbs of the Kubernetes API. All raise subclasses of `IdpError` (see `kernel.errors`).

    `namespace` None means all namespaces for `list` and `watch`, and is only right for
    cluster-scoped kinds elsewhere.
    """

    async def get(self, type: ResourceType, name: str, namespace: str | None = None) -> Manifest:
        """Read one object. Raises `NotFound`."""
        ...

    async def list(
        self,
        type: ResourceType,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> ObjectList:
        """Read all objects of a kind (following `continue` to the end)."""
        ...

    def watch(
        self,
        type: ResourceType,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Follow changes after `resource_version`; reconnects by itself.

        Raises:
            Gone: The version is too old to continue from: list again.
        """
        ...

    async def create(self, type: ResourceType, manifest: Manifest) -> Manifest:
        """Create. Raises `AlreadyExists`, `Invalid`."""
        ...

    async def apply(
        self,
        type: ResourceType,
        manifest: Manifest,
        *,
        field_manager: str,
        force: bool = True,
        dry_run: bool = False,
    ) -> Manifest:
        """Server-side apply: state the fields that `field_manager` wants to own.

        Raises:
            Conflict: Another manager owns a field and `force` is off.
        """
        ...

    async def update(
        self, type: ResourceType, manifest: Manifest, *, subresource: str | None = None
    ) -> Manifest:
        """Replace, with optimistic concurrency on `metadata.resourceVersion`."""
        ...

    async def patch(
        self,
        type: ResourceType,
        name: str,
        patch: Manifest | Sequence[Manifest],
        namespace: str | None = None,
        *,
        patch_type: PatchType = "merge",
        subresource: str | None = None,
    ) -> Manifest:
        """Patch an object or its `status` or `scale` subresource."""
        ...

    async def delete(
        self,
        type: ResourceType,
        name: str,
        namespace: str | None = None,
        *,
        propagation: Propagation = "Background",
        uid: str | None = None,
        grace_seconds: int | None = None,
    ) -> None:
        """Ask for deletion; finalizers may delay it. Raises `NotFound`, `Conflict` (other uid).

        `grace_seconds` is the time of a pod that is bound to a node; None means its own.
        """
        ...

    def impersonating(self, user: str, groups: Sequence[str] = ()) -> Client:
        """The same connection acting as somebody else, with that user's rights."""
        ...


async def get_or_none(
    client: Client, type: ResourceType, name: str, namespace: str | None = None
) -> Manifest | None:
    """Read one object, or None when it does not exist."""
    from idp.kernel.errors import NotFound

    try:
        return await client.get(type, name, namespace)
    except NotFound:
        return None
