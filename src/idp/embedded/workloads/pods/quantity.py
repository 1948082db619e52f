"""Kubernetes quantities. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

from idp.kernel.errors import InvalidInput

_QUANTITY = re.compile(r"^(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")
_FACTORS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}


def parse_quantity(value: object) -> Decimal:
    """A quantity such as `500m`, `1.5` or `128Mi` as a number.

    Raises:
        InvalidInput: It is not a quantity.
    """
    match = _QUANTITY.match(str(value))
    if match is None:
        raise InvalidInput(f"{value!r} is not a quantity", remedy="Write it as 128Mi or 500m.")
    return Decimal(match[1]) * _FACTORS[match[2] or ""]
