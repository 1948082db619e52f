"""One writer for each repository folder, across processes and crashes."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

_POLL_SECONDS = 0.02


@contextlib.asynccontextmanager
async def exclusive(git_dir: Path) -> AsyncIterator[int]:
    """Hold a bare repository for writing; gives a file descriptor for the writing processes.

    The lock belongs to the open file: a `git` process that inherits it and outlives this program
    keeps it, so nobody else takes a repository in which something is still at work. Whoever gets
    the lock may therefore remove the lock files that a killed `git` left behind.
    """
    handle = os.open(git_dir / "idp.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_POLL_SECONDS)
        _remove_stale_locks(git_dir)
        yield handle
    finally:
        os.close(handle)


def _remove_stale_locks(git_dir: Path) -> None:
    for name in ("HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock", "gc.pid"):
        (git_dir / name).unlink(missing_ok=True)
    for stale in (git_dir / "refs").rglob("*.lock"):
        stale.unlink(missing_ok=True)
