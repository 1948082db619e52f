from __future__ import annotations

from pathlib import Path

import pytest

from idp.apps.reference.__main__ import pages

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", ["kinds.md", "commands.md", "openapi.json"])
def test_the_generated_pages_are_current(name: str) -> None:
    """`.venv/bin/python -m idp.apps.reference` writes them."""
    assert (REFERENCE / name).read_text() == pages()[name]
