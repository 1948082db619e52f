"""What to run, without how. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

STATUS_FD = 9
"""Where a launch writes `child-pid` and `exit-code` as JSON lines. One digit, for `sh`."""

FILTER_FD = 7
"""Where a launch reads the system call filter."""

ARGUMENTS_FD = 8
"""Where a launch reads arguments that must not be seen in a process list."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of this machine that the container sees.

    Attributes:
        source: Where it is.
        target: Absolute path inside.
        read_only: Whether the container may not write to it.
    """

    source: Path
    target: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One container's main process.

    Attributes:
        identity: Names the attempt among all processes of the machine; shown as `argv[0]`.
        image_root: Folder with the image's files.
        on_host_runtime: Whether the image needs the machine's own `/usr` and Python.
        command: Argument vector.
        environment: All variables; may hold secrets.
        working_directory: Absolute path inside.
        mounts: Volumes.
        user: User and group id inside; None leaves the platform's own.
        hostname: Name of the machine as seen inside.
        read_only_root: Whether the image's files cannot be changed.
        temporary_bytes: Size of `/tmp`.
        filtered: Whether system calls are filtered.
    """

    identity: str
    image_root: Path
    on_host_runtime: bool
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    working_directory: str
    mounts: tuple[Mount, ...] = ()
    user: tuple[int, int] | None = None
    hostname: str = "localhost"
    read_only_root: bool = True
    temporary_bytes: int = 64 * 2**20
    filtered: bool = True


@dataclass(frozen=True, slots=True)
class Launch:
    """A command for the kernel.

    Attributes:
        executable: Absolute path.
        arguments: Whole argument vector.
        environment: Of the launched program itself.
        input: Bytes that it reads from `ARGUMENTS_FD`.
        filter: Bytes that it reads from `FILTER_FD`.
    """

    executable: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    input: bytes = field(default=b"", repr=False)
    filter: bytes = field(default=b"", repr=False)
