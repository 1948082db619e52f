"""The Python of this machine, which runs images with `platform.idp/base: host`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import default_environment
from packaging.tags import Tag, sys_tags

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class HostRuntime:
    """A Python interpreter.

    Attributes:
        version: Such as `3.11.7`.
        python: Its program, outside any virtual environment.
        base: Its installation.
        architecture: In Go's words.
        markers: Values of environment markers.
        tags: Wheels that it can install, best first.
    """

    version: str
    python: Path
    base: Path
    architecture: str
    markers: Mapping[str, str]
    tags: tuple[Tag, ...]

    @property
    def minor_version(self) -> str:
        """Such as `3.11`."""
        return ".".join(self.version.split(".")[:2])


def host_runtime() -> HostRuntime:
    """The interpreter that runs this process."""
    base = Path(sys.base_prefix)
    markers = {key: str(value) for key, value in default_environment().items()}
    return HostRuntime(
        version=platform.python_version(),
        python=base / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}",
        base=base,
        architecture=_ARCHITECTURES.get(platform.machine(), platform.machine()),
        markers=markers,
        tags=tuple(sys_tags()),
    )
