"""What the pods need of an image, whoever brings it."""

from __future__ import annotations

import signal
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

HOST_BASE_LABEL = "platform.idp/base"


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """How an image wants to be run (OCI image configuration, `config`).

    Attributes:
        entrypoint: First part of the command.
        command: Last part of the command, `Cmd`.
        environment: Variables, in order.
        working_directory: Absolute path; empty means `/`.
        user: As written: `uid`, `uid:gid` or a name; empty when the image does not say.
        labels: Free strings.
        stop_signal: Name or number of the signal that asks it to stop; empty for SIGTERM.
    """

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = ""
    user: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""

    @property
    def stop_number(self) -> int:
        """Number of the stop signal; SIGTERM when the image does not name a known one."""
        text = self.stop_signal
        if text.isdigit():
            return int(text)
        named = signal.Signals.__members__.get(text if text.startswith("SIG") else f"SIG{text}")
        return signal.SIGTERM if named is None else named

    @property
    def on_host_runtime(self) -> bool:
        """Whether the image carries only an application and runs on the machine's own runtime."""
        return self.labels.get(HOST_BASE_LABEL) == "host"

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Self:
        """Read the `config` part of an image configuration."""
        pairs = (str(item).partition("=") for item in config.get("Env") or [])
        return cls(
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            environment={name: value for name, _, value in pairs},
            working_directory=config.get("WorkingDir") or "",
            user=config.get("User") or "",
            labels=dict(config.get("Labels") or {}),
            stop_signal=config.get("StopSignal") or "",
        )


@dataclass(frozen=True, slots=True)
class Image:
    """An image on disk.

    Attributes:
        identity: `<registry>/<repository>@sha256:<digest>`: what really runs.
        root: Folder with the image's files; nobody writes to it.
        config: How it wants to be run.
    """

    identity: str
    root: Path
    config: ImageConfig

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of the image's manifest."""
        return self.identity.rpartition("@")[2]


class ImageSource(Protocol):
    """Brings images onto this machine."""

    def present(self, reference: str) -> bool:
        """Whether `fetch` has nothing to ask anybody for."""
        ...

    async def fetch(self, reference: str) -> Image:
        """The image of a reference, from disk when it is there.

        Raises:
            IdpError: It cannot be had, is not what its digest says, or is not safe to unpack.
        """
        ...

    async def retain(self, digests: Collection[str], unused_seconds: float) -> None:
        """Remove images that are not among `digests` and were not used for a while."""
        ...
