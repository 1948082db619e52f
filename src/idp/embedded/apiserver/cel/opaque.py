"""Kubernetes' own CEL types: Quantity, IP, CIDR, URL and Semver.

The library carries plain values only, so a value of such a type is a map with the type's name
under a key that no JSON object of a user should have (`OPAQUE`) and a canonical form, which makes
`==` compare by value. The functions below take such maps and, where Kubernetes allows it, strings.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from idp.embedded.apiserver.cel.quantity import parse_quantity

OPAQUE = "\x00type"

Opaque = dict[str, Any]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)


def is_opaque(value: Any, type: str) -> bool:
    """Whether a value is of one of these types."""
    return isinstance(value, dict) and value.get(OPAQUE) == type


def can(parse: Callable[..., Any]) -> Callable[..., bool]:
    """The function that tells whether `parse` would not fail (`isQuantity`, `isIP`, ...)."""

    def check(*arguments: Any) -> bool:
        try:
            parse(*arguments)
        except ValueError:
            return False
        return True

    return check


def quantity(text: str) -> Opaque:
    """`quantity("1Gi")`."""
    return _quantity(parse_quantity(text))


def _quantity(number: Decimal) -> Opaque:
    return {OPAQUE: "quantity", "value": format(number.normalize(), "f")}


def _number(value: Any) -> Decimal:
    if is_opaque(value, "quantity"):
        return Decimal(value["value"])
    if isinstance(value, str):
        return parse_quantity(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise ValueError("no such overload")


def add(value: Any, other: Any) -> Opaque:
    """Sum of two quantities, or of a quantity and an integer."""
    return _quantity(_number(value) + _number(other))


def sub(value: Any, other: Any) -> Opaque:
    """Difference of two quantities, or of a quantity and an integer."""
    return _quantity(_number(value) - _number(other))


def sign(value: Any) -> int:
    """1, 0 or -1."""
    number = _number(value)
    return (number > 0) - (number < 0)


def is_integer(value: Any) -> bool:
    """Whether `as_integer` works."""
    number = _number(value)
    return number == int(number) and -(2**63) <= number < 2**63


def as_integer(value: Any) -> int:
    """The quantity as an integer, when that loses nothing."""
    if not is_integer(value):
        raise ValueError("cannot convert value to integer")
    return int(_number(value))


def as_approximate_float(value: Any) -> float:
    """The quantity as a double."""
    return float(_number(value))


def compare_to(value: Any, other: Any) -> int:
    """-1, 0 or 1, for quantities and versions."""
    left, right = _comparable(value), _comparable(other)
    return int(left > right) - int(left < right)


def is_greater_than(value: Any, other: Any) -> bool:
    """For quantities and versions."""
    return compare_to(value, other) > 0


def is_less_than(value: Any, other: Any) -> bool:
    """For quantities and versions."""
    return compare_to(value, other) < 0


def _comparable(value: Any) -> Any:
    return _semver_order(value["value"]) if is_opaque(value, "semver") else _number(value)


def semver(text: str, normalize: bool = False) -> Opaque:
    """`semver("1.2.3")`; with `normalize` also `v1.2` and `01.2.3`."""
    if normalize:
        text = text.removeprefix("v")
        core, dash, rest = text.partition("-")
        parts = [str(int(p)) if p.isdigit() else p for p in core.split(".")]
        text = ".".join(parts + ["0"] * (3 - len(parts))) + dash + rest
    if _SEMVER.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a valid semantic version")
    return {OPAQUE: "semver", "value": text}


def _semver_parts(text: str) -> re.Match[str]:
    match = _SEMVER.fullmatch(text)
    if match is None:
        raise ValueError("no such overload")
    return match


def _semver_order(text: str) -> tuple[Any, ...]:
    """Precedence by section 11 of the specification: no pre-release is above any."""
    match = _semver_parts(text)
    release = tuple(int(part) for part in match.groups()[:3])
    identifiers = match[4].split(".") if match[4] else []
    order = tuple((0, int(i), "") if i.isdigit() else (1, 0, i) for i in identifiers)
    return (release, not identifiers, order)


def semver_part(index: int) -> Callable[[Opaque], int]:
    """`major`, `minor` and `patch`."""
    return lambda value: int(_semver_parts(value["value"])[index])


def ip(value: Any) -> Opaque:
    """`ip("10.0.0.1")`, and the address of a CIDR."""
    if is_opaque(value, "cidr"):
        value = value["value"].partition("/")[0]
    return {OPAQUE: "ip", "value": str(_address(value))}


def is_canonical(text: str) -> bool:
    """Whether an address is written in its one canonical form."""
    return str(_address(text)) == text


def _address(value: Any) -> Address:
    text = value["value"] if is_opaque(value, "ip") else value
    address = ipaddress.ip_address(text) if isinstance(text, str) and "%" not in text else None
    if address is None or (address.version == 6 and address.ipv4_mapped is not None):
        raise ValueError(f"IP Address {text!r} parse error during conversion from string")
    return address


def address_is(test: Callable[[Address], bool]) -> Callable[[Any], bool]:
    """A test of an address, such as `isLoopback`."""
    return lambda value: test(_address(value))


def family(value: Any) -> int:
    """4 or 6."""
    return _address(value).version


def is_global_unicast(address: Address) -> bool:
    """As Go defines it: neither unspecified, loopback, multicast, link-local nor broadcast."""
    return not (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or str(address) == "255.255.255.255"
    )


def is_link_local_multicast(address: Address) -> bool:
    """224.0.0.0/24, or ff02::/16 and its like."""
    if address.version == 4:
        return address in ipaddress.ip_network("224.0.0.0/24")
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 0x02


def cidr(text: str) -> Opaque:
    """`cidr("10.0.0.0/8")`."""
    return {OPAQUE: "cidr", "value": str(_network(text))}


def _network(value: Any) -> Network:
    text = value["value"] if is_opaque(value, "cidr") else value
    if not isinstance(text, str) or "/" not in text:
        raise ValueError(f"network address {text!r} parse error during conversion from string")
    return ipaddress.ip_network(text)


def contains_ip(value: Any, address: Any) -> bool:
    """Whether a network contains an address."""
    return _address(address) in _network(value)


def contains_cidr(value: Any, other: Any) -> bool:
    """Whether a network contains another one."""
    outer, inner = _network(value), _network(other)
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def masked(value: Any) -> Opaque:
    """The network itself: one with bits behind its prefix is refused by `cidr` already."""
    return cidr(str(_network(value)))


def prefix_length(value: Any) -> int:
    """Bits of the mask."""
    return _network(value).prefixlen


def url(text: str) -> Opaque:
    """`url("https://host/path")`; an absolute URL or an absolute path."""
    parts = urlsplit(text)
    if not (parts.scheme or text.startswith("/")):
        raise ValueError(f"URL parse error during conversion from string: {text!r}")
    _ = parts.port  # raises ValueError when the port is no number
    return {OPAQUE: "url", "value": text}


def url_part(part: str) -> Callable[[Opaque], Any]:
    """`getScheme`, `getHost`, `getHostname`, `getPort`, `getEscapedPath`, `getQuery`."""

    def get(value: Opaque) -> Any:
        parts = urlsplit(value["value"])
        if part == "query":
            return parse_qs(parts.query, keep_blank_values=True)
        return {
            "scheme": parts.scheme,
            "host": parts.netloc.rpartition("@")[2],
            "hostname": parts.hostname or "",
            "port": str(parts.port) if parts.port is not None else "",
            "path": quote(parts.path, safe="/%:@!$&'()*+,;=~"),
        }[part]

    return get
