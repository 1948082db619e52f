"""How long a text a pattern may be searched in."""

from __future__ import annotations

import pytest

from idp.embedded.apiserver.cel.search import longest_text


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        ("abc", 8192),
        ("[a-z]+", 4472),
        (r"v[0-9]+\.[0-9]+", 271),
        (r"\(a+\)+", 271),
        ("[(a+)+]", 8192),
        ("(ab)+", 4472),
        ("(a+)?b", 271),
        ("(a+)+$", 18),
        ("(a|aa)+$", 18),
        ("((a)|(aa))*$", 18),
        ("(?:a*)*b", 18),
        ("(a?){9}", 18),
        ("(?P<x>a+){2,}", 18),
    ],
)
def test_longest_texts(pattern: str, longest: int) -> None:
    assert longest_text(pattern) == longest
