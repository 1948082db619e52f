"""Whether a LimitRange may be stored: what its schema does not say. Pure.

Words are those of kube-apiserver.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from idp.embedded.apiserver.admission.amounts import Amounts, amounts_of
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_ONE = Decimal(1)


class _Order(NamedTuple):
    """One amount that may not be greater than another.

    Attributes:
        lower: Field of the one that may not be greater.
        upper: Field of the other.
        wrong: Field that the error names.
        shown: Field whose value the error shows.
        words: The error, with a place for each amount.
    """

    lower: str
    upper: str
    wrong: str
    shown: str
    words: str


_REQUEST, _SAID = "defaultRequest", "default request value"
_ORDERS = (
    _Order("min", "max", "min", "min", "min value {} is greater than max value {}"),
    _Order("min", _REQUEST, _REQUEST, _REQUEST, f"min value {{}} is greater than {_SAID} {{}}"),
    _Order(_REQUEST, "max", _REQUEST, _REQUEST, f"{_SAID} {{}} is greater than max value {{}}"),
    _Order(
        _REQUEST,
        "default",
        _REQUEST,
        _REQUEST,
        f"{_SAID} {{}} is greater than default limit value {{}}",
    ),
    _Order("min", "default", "default", "min", "min value {} is greater than default value {}"),
    _Order("default", "max", "default", "max", "default value {} is greater than max value {}"),
)


def range_causes(manifest: Manifest) -> Iterator[Cause]:
    """What is wrong with a LimitRange."""
    seen: set[str] = set()
    for index, limit in enumerate((manifest.get("spec") or {}).get("limits") or ()):
        at, type_ = f"spec.limits[{index}]", limit.get("type", "")
        if type_ in seen:
            yield Cause(f"{at}.type", f'Duplicate value: "{type_}"', "FieldValueDuplicate")
        seen.add(type_)
        yield from _limit_causes(at, type_, limit)


def _limit_causes(at: str, type_: str, limit: Manifest) -> Iterator[Cause]:
    found = {field: amounts_of(limit.get(field)) for field in ("min", "max", "default", _REQUEST)}
    if type_ == "Pod":
        for field in ("default", _REQUEST):
            if found.pop(field):
                text = "Forbidden: may not be specified when `type` is 'Pod'"
                yield Cause(f"{at}.{field}", text, "FieldValueForbidden")
    if type_ == "PersistentVolumeClaim" and not (
        "storage" in found["min"] or "storage" in found["max"]
    ):
        text = "either minimum or maximum storage value is required, but neither was provided"
        yield Cause(f"{at}.limits", f"Required value: {text}", "FieldValueRequired")
    for name in sorted({name for amounts in found.values() for name in amounts}):
        yield from _order_causes(at, name, found)
    for name, ratio in sorted(amounts_of(limit.get("maxLimitRequestRatio")).items()):
        if ratio.value < _ONE:
            text = f'Invalid value: "{ratio}": ratio {ratio} is less than 1'
            yield Cause(f"{at}.maxLimitRequestRatio[{name}]", text)


def _order_causes(at: str, name: str, found: dict[str, Amounts]) -> Iterator[Cause]:
    for order in _ORDERS:
        less, more = found.get(order.lower, {}).get(name), found.get(order.upper, {}).get(name)
        if less is not None and more is not None and less.value > more.value:
            value = found[order.shown][name]
            text = f'Invalid value: "{value}": {order.words.format(less, more)}'
            yield Cause(f"{at}.{order.wrong}[{name}]", text)
