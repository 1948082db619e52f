"""Checks of single fields of a VirtualService. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from idp.kernel.errors import Cause, Invalid
from idp.kernel.resource import Manifest

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def only(body: Manifest, known: Iterable[str], where: str) -> None:
    """Refuse by name what is not acted on.

    Raises:
        Invalid: One cause for each such field.
    """
    allowed = set(known)
    paths = [f"{where}.{name}" for name, value in body.items() if value and name not in allowed]
    if paths:
        raise Invalid(
            f"{', '.join(sorted(paths))} is not supported by the gateway of one machine",
            remedy="Leave it out, or run this instance on a cluster with Istio.",
            causes=[Cause(path, "not supported", "FieldValueNotSupported") for path in paths],
        )


def duration(text: str, where: str) -> str:
    """A duration such as `1m30s` as Envoy writes it, in seconds.

    Raises:
        Invalid: It is not one.
    """
    parts = _DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) != text or not parts:
        raise Invalid(f"{where}: {text[:40]!r} is not a duration such as 30s")
    milliseconds = sum(float(number) * _MILLISECONDS[unit] for number, unit in parts)
    return f"{milliseconds / 1000:g}s"
