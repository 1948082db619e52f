from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.embedded.apiserver.admission.amounts import Amount, amounts_of


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [
        ("0", "0"),
        ("0Gi", "0"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("1024Ki", "1Mi"),
        ("1.5Gi", "1536Mi"),
        ("1000Mi", "1000Mi"),
        ("0.4", "400m"),
        ("1500m", "1500m"),
        ("1000m", "1"),
        ("2000000n", "2m"),
        ("0.1n", "1n"),
        ("0.5Ki", "512"),
        ("-2", "-2"),
        ("1e3", "1k"),
        ("600M", "600M"),
        ("3", "3"),
    ],
)
def test_amounts_are_written_as_kubernetes_writes_them(quantity: str, shown: str) -> None:
    assert str(Amount.of(quantity)) == shown


@given(
    st.decimals(min_value=0, max_value=10**15, places=3),
    st.decimals(min_value=0, max_value=10**15, places=3),
    st.booleans(),
)
def test_what_is_written_is_the_same_amount(one: Decimal, other: Decimal, binary: bool) -> None:
    total = Amount(one, binary) + Amount(other, binary)
    assert Amount.of(str(total)).value == one + other
    assert (total - Amount(other, binary)).value == one


def test_a_sum_keeps_the_notation_of_what_was_there() -> None:
    assert str(Amount() + Amount.of("1Gi")) == "1Gi"
    assert str(Amount.of("1Gi") + Amount.of("1G")) == "2073741824"
    assert str(Amount.of("1G") + Amount.of("24M")) == "1024M"


def test_what_is_no_quantity_counts_nothing() -> None:
    assert amounts_of({"cpu": "much", "memory": "1Gi"}) == {"memory": Amount.of("1Gi")}
