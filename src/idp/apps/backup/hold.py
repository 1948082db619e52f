"""Who may use a folder: a server for as long as it runs, or a restore, never both.

A lock on `.in-use` in the folder. The kernel releases it with the process, so that a restore that
is killed never keeps a server from starting.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from idp.kernel.errors import DeadlineExceeded

_NAME = ".in-use"
_PAUSE = 0.02


def _open(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def used(folder: Path) -> Iterator[None]:
    """Use a folder as a server; waits until no restore is at work."""
    descriptor = _open(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone(folder: Path, ask: Callable[[], None], *, seconds: float) -> Iterator[None]:
    """Have a folder for oneself.

    Args:
        folder: The folder.
        ask: Called again and again while a server uses it: makes the server end.
        seconds: How long to wait for that.

    Raises:
        DeadlineExceeded: It did not end.
    """
    descriptor, deadline = _open(folder), time.monotonic() + seconds
    try:
        while not _locked(descriptor):
            ask()
            if time.monotonic() > deadline:
                raise DeadlineExceeded(
                    f"what uses {folder} did not end within {seconds:.0f} s",
                    remedy="Stop it with `idp-cli down`, then try again.",
                )
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_used(folder: Path) -> bool:
    """Whether a server uses a folder."""
    descriptor = _open(folder)
    try:
        return not _locked(descriptor)
    finally:
        os.close(descriptor)
