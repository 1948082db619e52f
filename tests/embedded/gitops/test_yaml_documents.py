"""What is refused, with path and line."""

from __future__ import annotations

import pytest

from idp.embedded.gitops.yaml_documents import load_document, load_documents
from idp.kernel.errors import Invalid, InvalidInput, TooLarge


def test_documents_with_their_lines() -> None:
    content = b"# a file\na: 1\n---\n---\nb: 2001-01-01\nc: [1, 2.5, yes, null]\n"
    assert list(load_documents(content, "f.yaml")) == [
        (2, {"a": 1}),
        (5, {"b": "2001-01-01", "c": [1, 2.5, True, None]}),
    ]


def test_aliases_and_merge_keys_work() -> None:
    content = b"base: &base {a: 1}\nother:\n  <<: *base\n  b: 2\n"
    assert load_document(content, "f.yaml")["other"] == {"a": 1, "b": 2}


def _bomb() -> bytes:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)]
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", "f.yaml:4: the key 'c' is there twice"),
        (b"a: 1\n  b: 2\n", "f.yaml:2: "),
        (_bomb(), "grows to more than"),
        (b"a: &a [*a]", "contains itself"),
        (b"a: &x\n  b: *x\n", "contains itself"),
        (b"[" * 100 + b"]" * 100, "nested deeper than"),
        (b"a: .inf", "not a number that JSON knows"),
        (b"a: .NaN", "not a number that JSON knows"),
        (b"1: a", "f.yaml:1: a key must be a string"),
        (b"[a]: b", "f.yaml:1: a key must be a string"),
        (b"a: !!python/object:os.system x", "f.yaml:1: "),
        (b"\xff", "f.yaml: byte 0 is not UTF-8"),
        (b"a: \x00", "f.yaml"),
    ],
)
def test_what_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        list(load_documents(content, "f.yaml"))
    assert words in caught.value.message


def test_size_is_bounded() -> None:
    with pytest.raises(TooLarge):
        list(load_documents(b"a" * (2**20 + 1), "f.yaml"))


def test_one_document_is_one() -> None:
    with pytest.raises(InvalidInput):
        load_document(b"a: 1\n---\nb: 1\n", "f.yaml")
