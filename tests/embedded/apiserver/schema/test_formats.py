"""Formats of texts that Kubernetes checks beyond JSON Schema."""

from __future__ import annotations

import pytest

from idp.embedded.apiserver.schema.formats import FORMATS


@pytest.mark.parametrize(
    ("name", "text", "fits"),
    [
        ("byte", "eA==", True),
        ("byte", "%%", False),
        ("cidr", "10.0.0.0/8", True),
        ("cidr", "fd00::/8", True),
        ("cidr", "10.0.0.1", False),
        ("cidr", "10.0.0.0/40", False),
        ("duration", "1h30m", True),
        ("duration", "1.5s", True),
        ("duration", "3 days", True),
        ("duration", "soon", False),
        ("duration", "", False),
        ("mac", "01:23:45:67:89:ab", True),
        ("mac", "01:23", False),
    ],
)
def test_formats(name: str, text: str, fits: bool) -> None:
    assert FORMATS[name](text) is fits
