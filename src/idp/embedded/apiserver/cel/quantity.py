"""Kubernetes resource quantities (`500m`, `1.5Gi`, `2e3`), exactly. Pure.

Grammar: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+))"
    r"(?:(?P<suffix>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?\d{1,3}))?"
)
_BINARY = {f"{letter}i": Decimal(1024) ** n for n, letter in enumerate("KMGTPE", start=1)}
_DECIMAL = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{letter: Decimal(1000) ** n for n, letter in enumerate("kMGTPE", start=1)},
}
_MULTIPLIERS = {"": Decimal(1), **_BINARY, **_DECIMAL}
_MAX_LENGTH = 128


def parse_quantity(text: str) -> Decimal:
    """The number that a quantity means.

    Raises:
        ValueError: It is not a quantity.
    """
    match = _QUANTITY.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        raise ValueError(
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    number = Decimal(match["number"]) * _MULTIPLIERS[match["suffix"] or ""]
    return number.scaleb(int(match["exponent"] or 0))
