"""Formats of texts that JSON Schema does not know and Kubernetes checks. Pure."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable

_DURATION = re.compile(
    r"[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+"
    r"|\d+ ?(ns|nanos?|us|µs|micros?|ms|millis?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?"
    r"|d|days?|w|wks?|weeks?)"
    r"|0"
)
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5,19}")


def _base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


FORMATS: dict[str, Callable[..., bool]] = {
    "byte": _base64,
    "cidr": _cidr,
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
    "mac": lambda text: _MAC.fullmatch(text) is not None,
}
