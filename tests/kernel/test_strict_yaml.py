"""What is read, and what is refused with file and line."""

from __future__ import annotations

import pytest

from idp.kernel.errors import InvalidInput, TooLarge
from idp.kernel.strict_yaml import load_documents, read_documents


def test_documents_with_their_lines_without_empty_ones() -> None:
    data = b"# a file\na: 1\n---\n---\nb: [x, 2.5, yes, null]\n"
    assert list(read_documents(data, name="f")) == [
        (2, {"a": 1}),
        (5, {"b": ["x", 2.5, True, None]}),
    ]
    assert load_documents(data, name="f") == [{"a": 1}, {"b": ["x", 2.5, True, None]}]


def test_dates_and_the_equals_sign_stay_text() -> None:
    data = b"until: 2026-12-01\noperators: [=, '!=']"
    assert load_documents(data, name="f") == [{"until": "2026-12-01", "operators": ["=", "!="]}]


def test_aliases_and_merge_keys_work() -> None:
    data = b"base: &base {a: 1}\nother:\n  <<: *base\n  b: 2\n"
    assert load_documents(data, name="f")[0]["other"] == {"a": 1, "b": 2}


def test_strings_without_quotes_can_be_treated_apart() -> None:
    data = b"a: b\nc: 'd'\ne: |\n  f\ng: 1\n"
    (document,) = read_documents(data, name="f", plain=str.upper)
    assert document.value == {"A": "B", "C": "d", "E": "f\n", "G": 1}


def _bomb() -> bytes:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)]
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", "idp.yaml:4: the key 'c' is there twice"),
        (b"a: 1\n  b: 2\n", "idp.yaml:2: "),
        (b"a: [1", "idp.yaml:1: expected"),
        (_bomb(), "idp.yaml:6: grows to more than 100000 values"),
        (b"a: &a [*a]", "idp.yaml:1: contains itself"),
        (b"a: &x\n  b: *x\n", "contains itself"),
        (b"\n" + b"[" * 100 + b"]" * 100, "idp.yaml:2: nested deeper than 64"),
        (b"a: .inf", "not a number that JSON knows"),
        (b"a: .NaN", "not a number that JSON knows"),
        (b"1: a", "idp.yaml:1: a key must be a string"),
        (b"[a]: b", "idp.yaml:1: a key must be a string"),
        (b"? !!str [a]\n: b", "idp.yaml:1: a key must be a string"),
        (b"a: !!python/object:os.system x", "idp.yaml:1: the tag !!python/object:os.system"),
        (b"a: !!binary aGk=", "the tag !!binary is not accepted"),
        (b"a: !secret x", "the tag !secret is not accepted"),
        (b"a: !!int x", "idp.yaml is not YAML: invalid literal"),
        (b"\xff", "idp.yaml is not UTF-8 text: byte 0"),
        (b"a: \x00", "idp.yaml"),
        (b"---\na\n" * 501, "more than 500 documents"),
    ],
)
def test_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_documents(data, name="idp.yaml")
    assert said in caught.value.message
    assert "idp.yaml" in caught.value.message
    assert caught.value.remedy


def test_size_is_capped_before_parsing() -> None:
    with pytest.raises(TooLarge, match="has 11 bytes; 10 are allowed"):
        load_documents(b"x" * 11, name="idp.yaml", limit=10)
