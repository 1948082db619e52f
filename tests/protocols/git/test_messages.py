"""Trailers, paths and counts."""

from __future__ import annotations

import pytest

from idp.kernel.errors import InvalidInput
from idp.protocols.git.messages import ancestor_counts, key_of, name_and_address, with_key


def test_key_becomes_the_last_trailer() -> None:
    assert with_key("Subject", "k") == "Subject\n\nIdempotency-Key: k\n"
    signed = with_key("Subject\n\nBody.\n\nSigned-off-by: Ada <a@b>\n", "k")
    assert signed.endswith("\n\nSigned-off-by: Ada <a@b>\nIdempotency-Key: k\n")


def test_key_is_read_from_the_trailers_only() -> None:
    assert key_of(with_key("Subject", "release 1/2")) == "release 1/2"
    assert key_of("Idempotency-Key: k") is None
    assert key_of("Subject\n\nIdempotency-Key: k\n\nLast words") is None


@pytest.mark.parametrize("key", ["", " k", "a\nb", "k" * 201, "é"])
def test_strange_keys_are_refused(key: str) -> None:
    with pytest.raises(InvalidInput):
        with_key("Subject", key)


def test_author_is_a_name_and_an_address() -> None:
    assert name_and_address("Ada L <a@b>") == ("Ada L", "a@b")
    with pytest.raises(InvalidInput):
        name_and_address("Ada")


def test_counts_follow_merges() -> None:
    parents: dict[str, tuple[str, ...]] = {
        "a": (),
        "b": ("a",),
        "c": ("a",),
        "m": ("b", "c"),
        "n": ("m",),
    }
    assert ancestor_counts(parents) == {"a": 1, "b": 2, "c": 2, "m": 4, "n": 5}
