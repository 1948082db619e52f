"""The functions that Kubernetes adds to CEL, by name.

Most of the string, list, set and math functions come with the library as an opt-in; what differs
from Kubernetes or is missing is here. Methods take their receiver first: CEL treats `x.f(y)` and
`f(x, y)` alike.

Regular expressions: `matches` runs on Rust's engine, whose syntax and linear time are RE2's. `find`
and `findAll` take a pattern only if that engine takes it, then run on Python's: they find the same,
but take longer, for which the text is bounded (`search.py`).
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable
from typing import Any

import cel
from cel import OptionalValue, stdlib

from idp.embedded.apiserver.cel import formats, opaque
from idp.embedded.apiserver.cel.search import longest_text

Function = Callable[..., Any]

_MAX_MADE = 1_000_000


def size(value: Any) -> int:
    """Characters of a string, bytes, elements or keys."""
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    raise ValueError("no such overload")


def to_text(value: Any) -> str:
    """`string(value)`."""
    if isinstance(value, dict) and opaque.OPAQUE in value:
        return str(value["value"])
    text: str = cel.evaluate("string(value)", {"value": value})
    return text


def to_format(template: str, arguments: list[Any]) -> str:
    """`"%s".format([value])`."""
    return formats.printf(template, arguments, _shown)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, dict) and opaque.OPAQUE not in value:
        pairs = sorted((_shown(key), _shown(item)) for key, item in value.items())
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    return value if isinstance(value, str) else to_text(value)


def optional_member(container: Any, key: Any) -> OptionalValue:
    """`container[?key]` and `container.?key`."""
    if isinstance(container, OptionalValue):
        if not container.has_value():
            return OptionalValue.none()
        container = container.value()
    if isinstance(container, dict):
        return OptionalValue.of(container[key]) if key in container else OptionalValue.none()
    if isinstance(container, list) and isinstance(key, int):
        inside = 0 <= key < len(container)
        return OptionalValue.of(container[key]) if inside else OptionalValue.none()
    raise ValueError("no such overload")


def as_list(value: OptionalValue) -> list[Any]:
    """The value in a list, or an empty list."""
    return [value.value()] if value.has_value() else []


def first(items: list[Any]) -> OptionalValue:
    """The first element, if there is one."""
    return OptionalValue.of(items[0]) if items else OptionalValue.none()


def flat(value: OptionalValue) -> OptionalValue:
    """An optional of an optional, as one."""
    inner = value.value() if value.has_value() else value
    return inner if isinstance(inner, OptionalValue) else value


def or_optional(value: OptionalValue, other: OptionalValue) -> OptionalValue:
    """`a.or(b)`."""
    return value if value.has_value() else other


def index_of(container: Any, item: Any, offset: int = 0) -> int:
    """First position of a substring or element, -1 when it is not there."""
    if isinstance(container, str):
        return container.find(item, offset)
    return next((i for i, other in enumerate(container) if _equal(other, item)), -1)


def last_index_of(container: Any, item: Any, offset: int | None = None) -> int:
    """Last position of a substring or element, -1 when it is not there."""
    if isinstance(container, str):
        end = None if offset is None else offset + len(item)
        return container.rfind(item, 0, end)
    found = [i for i, other in enumerate(container) if _equal(other, item)]
    return found[-1] if found else -1


def _equal(left: Any, right: Any) -> bool:
    """Equality in which `true` is not 1."""
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def is_sorted(items: list[Any]) -> bool:
    """Whether a list is in ascending order."""
    return all(not _precedes(b, a) for a, b in itertools.pairwise(items))


def _precedes(left: Any, right: Any) -> bool:
    try:
        return bool(left < right)
    except TypeError:
        raise ValueError("no such overload") from None


def total(items: list[Any]) -> Any:
    """Sum of numbers or durations; 0 of nothing."""
    if not items:
        return 0
    start: Any = datetime.timedelta(0) if isinstance(items[0], datetime.timedelta) else 0
    return sum(items, start)


def least(items: list[Any]) -> Any:
    """`list.min()`."""
    if not items:
        raise ValueError("min called on empty list")
    return min(items)


def greatest(items: list[Any]) -> Any:
    """`list.max()`."""
    if not items:
        raise ValueError("max called on empty list")
    return max(items)


def includes(container: Any, item: Any) -> bool:
    """Whether a list contains a value, or is that value."""
    if isinstance(container, list):
        return any(_equal(other, item) for other in container)
    return _equal(container, item)


def replace(text: str, old: str, new: str, limit: int = -1) -> str:
    """`"hello".replace("l", "r", 1)`."""
    count = text.count(old) if limit < 0 else limit
    if count * len(new) > _MAX_MADE:
        raise ValueError("operation cancelled: actual cost limit exceeded")
    return text.replace(old, new, limit)


def list_range(count: int) -> list[int]:
    """`lists.range(3)`."""
    if count > _MAX_MADE:
        raise ValueError("operation cancelled: actual cost limit exceeded")
    return list(range(count))


def find(text: str, pattern: str) -> str:
    """The first match, or the empty string."""
    match = _searchable(text, pattern).search(text)
    return match[0] if match else ""


def find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    """All matches, or the first `limit`."""
    matches = [match[0] for match in _searchable(text, pattern).finditer(text)]
    return matches if limit < 0 else matches[:limit]


def _searchable(text: str, pattern: str) -> re.Pattern[str]:
    if len(text) > (longest := longest_text(pattern)):
        raise ValueError(f"find: {pattern!r} is not searched in more than {longest} characters")
    try:
        cel.evaluate("text.matches(pattern)", {"text": "", "pattern": pattern})
        return re.compile(pattern)
    except (RuntimeError, re.error):
        raise ValueError(f"invalid regular expression: {pattern!r}") from None


def _optional_functions() -> dict[str, Function]:
    return {
        "_optional": optional_member,
        "_list": as_list,
        "_first": first,
        "_flat": flat,
        "or": or_optional,
    }


def _opaque_functions() -> dict[str, Function]:
    o = opaque
    parts = {"Scheme": "scheme", "Host": "host", "Hostname": "hostname", "Port": "port"}
    parts |= {"EscapedPath": "path", "Query": "query"}
    return {
        "quantity": o.quantity,
        "isQuantity": o.can(o.quantity),
        "isInteger": o.is_integer,
        "asInteger": o.as_integer,
        "asApproximateFloat": o.as_approximate_float,
        "sign": o.sign,
        "add": o.add,
        "sub": o.sub,
        "compareTo": o.compare_to,
        "isGreaterThan": o.is_greater_than,
        "isLessThan": o.is_less_than,
        "semver": o.semver,
        "isSemver": o.can(o.semver),
        "major": o.semver_part(1),
        "minor": o.semver_part(2),
        "patch": o.semver_part(3),
        "ip": o.ip,
        "isIP": o.can(o.ip),
        "ip.isCanonical": o.is_canonical,
        "family": o.family,
        "isUnspecified": o.address_is(lambda a: a.is_unspecified),
        "isLoopback": o.address_is(lambda a: a.is_loopback),
        "isLinkLocalMulticast": o.address_is(o.is_link_local_multicast),
        "isLinkLocalUnicast": o.address_is(lambda a: a.is_link_local),
        "isGlobalUnicast": o.address_is(o.is_global_unicast),
        "cidr": o.cidr,
        "isCIDR": o.can(o.cidr),
        "containsIP": o.contains_ip,
        "containsCIDR": o.contains_cidr,
        "masked": o.masked,
        "prefixLength": o.prefix_length,
        "url": o.url,
        "isURL": o.can(o.url),
        **{f"get{name}": o.url_part(part) for name, part in parts.items()},
    }


def _format_functions() -> dict[str, Function]:
    named: dict[str, Function] = {
        f"format.{name}": (lambda name=name: formats.format_of(name)) for name in formats.FORMATS
    }
    return {**named, "format.named": formats.named, "validate": formats.validate}


FUNCTIONS: dict[str, Function] = {
    **{name: f for name, f in stdlib.STDLIB_FUNCTIONS.items() if name != "contains"},
    "_size": size,
    "_string": to_text,
    "format": to_format,
    "indexOf": index_of,
    "lastIndexOf": last_index_of,
    "isSorted": is_sorted,
    "sum": total,
    "min": least,
    "max": greatest,
    "includes": includes,
    "replace": replace,
    "lists.range": list_range,
    "find": find,
    "findAll": find_all,
    **_optional_functions(),
    **_opaque_functions(),
    **_format_functions(),
}
"""Everything beyond the core language, by the name under which an expression calls it."""

BUILT_IN = frozenset(
    {
        "bytes",
        "contains",
        "double",
        "duration",
        "dyn",
        "endsWith",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getFullYear",
        "getHours",
        "getMilliseconds",
        "getMinutes",
        "getMonth",
        "getSeconds",
        "hasValue",
        "int",
        "matches",
        "none",
        "of",
        "ofNonZeroValue",
        "orValue",
        "startsWith",
        "timestamp",
        "type",
        "uint",
        "value",
    }
)
"""What the library's core calls functions."""

NAMESPACES = frozenset({"optional"} | {name.partition(".")[0] for name in FUNCTIONS if "." in name})
"""Names before the dot of a function, which look like variables to the parser."""
