from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.strict_json import canonical, parse_object

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a":1,"a":2}', "duplicate key 'a'"),
        (b'{"a":1,"\\u0061":2}', "duplicate key 'a'"),
        (b'{"b":[{"a":1,"a":1}]}', "duplicate key 'a'"),
        (b'{"a":NaN}', "well-formed"),
        (b'{"a":"\\ud800"}', "well-formed"),
        (b'\xef\xbb\xbf{"a":1}', "well-formed"),
        (b'{"a":"\xff"}', "well-formed"),
        (b'{"a":1} {}', "well-formed"),
        (b'{"a":1', "well-formed"),
        (b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}", "well-formed"),
        (b"[1]", "not a JSON object"),
        (b"", "well-formed"),
        (b'{"a":"' + b"x" * 100_000 + b'"}', "more than the 65536 allowed"),
    ],
)
def test_what_can_be_read_two_ways_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(VerificationFailed, match=message):
        parse_object(data, limit=65536, what="the thing")


@settings(max_examples=50)
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), VALUES, max_size=4))
def test_what_is_written_is_read_back(value: dict[str, object]) -> None:
    data = canonical(value)
    assert parse_object(data, limit=2**20, what="the thing") == json.loads(data) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(VerificationFailed):
        assert isinstance(parse_object(data, limit=100, what="the thing"), dict)
