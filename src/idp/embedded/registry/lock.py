"""The storage lock: shared by everything that adds links, held alone by what removes any.

So nothing is removed that something being added relies on. It ends with the process that holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def storage_lock(data: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold the storage lock: shared while adding, alone while removing. Not reentrant."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
