"""Writes the generated pages: `python -m idp.apps.reference [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from idp.apps.capabilities import kinds
from idp.apps.reference.commands import commands_page
from idp.apps.reference.kinds import kinds_page
from idp.apps.reference.openapi import openapi_document


def pages() -> dict[str, str]:
    """File name -> content."""
    return {
        "kinds.md": kinds_page(kinds()),
        "commands.md": commands_page(),
        "openapi.json": openapi_document(),
    }


def main() -> None:
    """Write them."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference")
    for name, content in pages().items():
        (folder / name).write_text(content)


if __name__ == "__main__":
    main()
