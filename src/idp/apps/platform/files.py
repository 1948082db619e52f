"""Small files that must be whole or absent, and private where they hold a secret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson

PRIVATE = 0o600


def write_json(path: Path, value: Any, *, mode: int = PRIVATE) -> None:
    """Replace a file at once: a reader, or a crash, sees the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """Read a file that `write_json` wrote; None when there is none."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
