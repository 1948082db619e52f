"""Golden files: what was rendered, byte by byte, kept beside the test.

`UPDATE_GOLDEN=1 pytest ...` writes them anew; the change is then reviewed as any other.
"""

from __future__ import annotations

import os
from pathlib import Path


def check_golden(path: Path, text: str) -> None:
    """Compare a text with a golden file."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()
