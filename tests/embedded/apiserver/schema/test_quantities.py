"""Quantities come back in canonical form."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.embedded.apiserver.cel.quantity import parse_quantity
from idp.embedded.apiserver.schema.quantities import canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1500m", "1500m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("512", "512"),
        ("4000", "4k"),
        ("0.5Ki", "512"),
        ("0", "0"),
        ("-100m", "-100m"),
        ("1e3", "1e3"),
        ("12e6", "12e6"),
        ("2E", "2E"),
        ("1n", "1n"),
        ("0.1n", "1n"),
    ],
)
def test_canonical(text: str, expected: str) -> None:
    assert canonical(text) == expected


@given(
    st.integers(-(10**9), 10**9),
    st.sampled_from(["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3"]),
)
def test_the_canonical_form_means_the_same_and_stays(number: int, suffix: str) -> None:
    once = canonical(f"{number}{suffix}")
    assert canonical(once) == once
    assert parse_quantity(once) == parse_quantity(f"{number}{suffix}")


def test_what_is_no_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="quantities must match"):
        canonical("lots")


def test_fractions_below_the_smallest_unit_are_rounded_up() -> None:
    assert parse_quantity(canonical("0.0000000015")) == Decimal("2e-9")
