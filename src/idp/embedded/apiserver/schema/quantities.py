"""Quantities in the form in which the API server gives them back: `1000m` is `1`. Pure.

Rules: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

from decimal import ROUND_UP, Decimal, localcontext

from idp.embedded.apiserver.cel.quantity import parse_quantity

_DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_BINARY = "KMGTPE"
_DIGITS = 200


def canonical(text: str) -> str:
    """The canonical form: no fraction, the largest suffix that allows that.

    The family of suffixes (binary, decimal, exponent) stays, but what is below 1024 is decimal.

    Raises:
        ValueError: The text is not a quantity.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        value = parse_quantity(text)
        if not value:
            return "0"
        if text.endswith("i") and abs(value) >= 1024:
            return _binary(value)
        return _decimal(value, exponent=_has_exponent(text))


def _has_exponent(text: str) -> bool:
    return ("e" in text or "E" in text) and not text.endswith(("E", "i"))


def _binary(value: Decimal) -> str:
    number, power = int(value.to_integral_value(ROUND_UP)), 0
    while number % 1024 == 0 and power < len(_BINARY):
        number, power = number // 1024, power + 1
    return f"{number}{_BINARY[power - 1] + 'i' if power else ''}"


def _decimal(value: Decimal, *, exponent: bool) -> str:
    number, power = int(value.scaleb(9).to_integral_value(ROUND_UP)), -9
    while number % 1000 == 0 and (power < 18 or exponent):
        number, power = number // 1000, power + 3
    if exponent:
        return f"{number}e{power}" if power else str(number)
    return f"{number}{_DECIMAL[power]}"
