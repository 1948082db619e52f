"""Vector strings: `metric:value` pairs joined by slashes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from idp.kernel.errors import InvalidInput


def parse_vector(
    text: str, mandatory: Mapping[str, str], optional: Mapping[str, str]
) -> dict[str, str]:
    """Read a vector without its prefix.

    Args:
        text: Such as `AV:N/AC:L`.
        mandatory: Metric -> its values, one character each; all must be there.
        optional: Metric -> its values separated by spaces; they are checked and left out.

    Returns:
        The mandatory metrics.

    Raises:
        InvalidInput: A metric is unknown, there twice, missing, or has an unknown value.
    """
    found: dict[str, str] = {}
    for part in text.split("/"):
        metric, _, value = part.partition(":")
        allowed = list(mandatory.get(metric, "")) or optional.get(metric, "").split()
        if value not in allowed or metric in found:
            raise InvalidInput(f"{part[:40]!r} does not belong in a CVSS vector like this")
        found[metric] = value
    if missing := [metric for metric in mandatory if metric not in found]:
        raise InvalidInput(f"the CVSS vector lacks {', '.join(missing)}")
    return {metric: found[metric] for metric in mandatory}
