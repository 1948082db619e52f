"""JSON from untrusted parties, read in one way only. Pure.

Rules:
1. At most `limit` bytes.
2. UTF-8 without a byte order mark, standard JSON (RFC 8259): no NaN, no lone surrogates.
3. No object has a key twice (RFC 8259 section 4 leaves open which one counts, so two readers
   could see two contents under one signature).
4. The outermost value is an object.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from idp.kernel.errors import VerificationFailed


def parse_object(data: bytes, *, limit: int, what: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        data: The text.
        limit: Largest size that is read, in bytes.
        what: Name of the thing, for the error.

    Raises:
        VerificationFailed: One of the rules is broken.
    """
    if len(data) > limit:  # Rule 1
        raise VerificationFailed(f"{what} has {len(data)} bytes, more than the {limit} allowed")
    try:
        value = orjson.loads(data)  # Rule 2
        json.loads(data, object_pairs_hook=_without_duplicates)  # Rule 3
    except (ValueError, RecursionError) as error:
        raise VerificationFailed(f"{what} is not well-formed JSON: {error}") from error
    if not isinstance(value, dict):  # Rule 4
        raise VerificationFailed(f"{what} is not a JSON object")
    return value


def canonical(value: Any) -> bytes:
    """Write JSON in the one form in which the platform signs it: sorted keys, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise ValueError(f"duplicate key {key!r}")
        seen.add(key)
