from __future__ import annotations

import pytest

from idp.kernel.errors import InvalidInput, TooLarge
from idp.kernel.strict_yaml import load_documents


def test_documents_in_order_without_empty_ones() -> None:
    assert load_documents(b"a: 1\n---\n---\nb: [x, 2]\n", name="f") == [{"a": 1}, {"b": ["x", 2]}]


def test_dates_stay_text() -> None:
    assert load_documents(b"until: 2026-12-01", name="f") == [{"until": "2026-12-01"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x\n", "aliases (`*name`) are not allowed, at line 2, column 4"),
        ("a: 1\nb: 2\na: 3\n", "key 'a' is there twice, at line 3, column 1"),
        ("a: !!python/object/apply:os.system ['id']", "could not determine a constructor"),
        ("a: [1", "expected"),
        ("? [1, 2]\n: x", "a key must be a plain value"),
        ("[" * 60 + "]" * 60, "nested deeper than 40"),
        ("<<: {b: 1}\na: 2", "could not determine a constructor"),
    ],
)
def test_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_documents(text.encode(), name="idp.yaml")
    assert said in caught.value.message
    assert "idp.yaml" in caught.value.message
    assert caught.value.remedy


def test_size_is_capped_before_parsing() -> None:
    with pytest.raises(TooLarge, match="has 11 bytes; 10 are allowed"):
        load_documents(b"x" * 11, name="idp.yaml", limit=10)


def test_other_encodings_are_refused() -> None:
    with pytest.raises(InvalidInput, match="not UTF-8"):
        load_documents(b"\xff\xfe", name="idp.yaml")


def test_too_many_documents_are_refused() -> None:
    with pytest.raises(InvalidInput, match="more than 500"):
        load_documents(b"---\na\n" * 501, name="idp.yaml")
