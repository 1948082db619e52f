"""The platform's own notes: small JSON files, private where they hold a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from idp.kernel.files import PRIVATE, replace_file


def write_json(path: Path, value: Any, *, mode: int = PRIVATE) -> None:
    """Replace a file at once: a reader, or a crash, sees the old or the new content."""
    replace_file(path, orjson.dumps(value, option=orjson.OPT_INDENT_2), mode=mode)


def read_json(path: Path) -> Any:
    """Read a file that `write_json` wrote; None when there is none."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
