"""Amounts of resources, written as Kubernetes writes them. Pure.

An amount keeps the family of its notation, as sums of `1Gi` are shown in `Gi` and sums of `1G` in
`G`. Source: the canonical form of
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from idp.embedded.apiserver.cel.quantity import parse_quantity

_BINARY = tuple((1024**n, f"{'KMGTPE'[n - 1]}i" if n else "") for n in range(6, -1, -1))
_DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_SMALLEST = -9


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of something.

    Attributes:
        value: The number.
        binary: Shown in powers of 1024.
    """

    value: Decimal = Decimal(0)
    binary: bool = False

    @classmethod
    def of(cls, quantity: object) -> Amount:
        """Read a quantity.

        Raises:
            ValueError: It is not one.
        """
        text = str(quantity)
        return cls(parse_quantity(text), text.endswith("i"))

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.value + other.value, self.binary if self.value else other.binary)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.value - other.value, self.binary if self.value else other.binary)

    def __str__(self) -> str:
        value = self.value
        if value == 0 or not self.binary or value % 1:
            return _decimal(value)
        factor, suffix = next((f, s) for f, s in _BINARY if value % f == 0)
        return f"{value // factor:f}{suffix}"


def _decimal(value: Decimal) -> str:
    """The shortest whole number with a suffix of powers of 1000."""
    if value == 0:
        return "0"
    exponent = 18
    while exponent > _SMALLEST and value.scaleb(-exponent) % 1:
        exponent -= 3
    # What is smaller than can be written counts as the smallest that can.
    number = value.scaleb(-exponent).to_integral_value(rounding="ROUND_CEILING")
    return f"{number:f}{_DECIMAL[exponent]}"


ZERO = Amount()

Amounts = dict[str, Amount]


def amounts_of(quantities: Mapping[str, Any] | None) -> Amounts:
    """Read the quantities of a `ResourceList`; those that cannot be read count nothing."""
    found = {}
    for name, quantity in (quantities or {}).items():
        try:
            found[name] = Amount.of(quantity)
        except ValueError:
            continue
    return found


def plus(one: Mapping[str, Amount], other: Mapping[str, Amount]) -> Amounts:
    """The sum of two resource lists, name by name."""
    total = dict(one)
    for name, amount in other.items():
        total[name] = total.get(name, ZERO) + amount
    return total


def minus(one: Mapping[str, Amount], other: Mapping[str, Amount]) -> Amounts:
    """The difference of two resource lists, name by name."""
    total = dict(one)
    for name, amount in other.items():
        total[name] = total.get(name, ZERO) - amount
    return total


def greatest(one: Mapping[str, Amount], other: Mapping[str, Amount]) -> Amounts:
    """The greater amount of two resource lists, name by name."""
    total = dict(one)
    for name, amount in other.items():
        if name not in total or amount.value > total[name].value:
            total[name] = amount
    return total
