"""The JSON merge patch (RFC 7386) that turns one document into another. Pure.

Statuses are written as the difference to what is stored: an unchanged status costs no request, and
fields of others are left alone.
"""

from __future__ import annotations

from idp.kernel.resource import Manifest


def difference(before: Manifest, after: Manifest) -> Manifest:
    """The smallest merge patch from `before` to `after`; empty when they are equal.

    Null values cannot be expressed by a merge patch: `after` must not hold any.
    """
    patch: Manifest = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if key in before and old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            patch[key] = difference(old, value)
        else:
            patch[key] = value
    return patch
