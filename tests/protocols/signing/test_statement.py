from __future__ import annotations

import json
from typing import Any

import pytest

from idp.kernel.errors import InvalidInput, VerificationFailed
from idp.protocols.signing.statement import (
    PAYLOAD_TYPE,
    Statement,
    encode_statement,
    read_statement,
)

HEX, OTHER = "ab" * 32, "cd" * 32
DIGEST = f"sha256:{HEX}"
STATEMENT = Statement("https://example.com/claim/v1", {"b": 1, "a": [True, None]})


def changed(**changes: Any) -> bytes:
    body = json.loads(encode_statement("demo/hello", DIGEST, STATEMENT))
    body.update(changes)
    return json.dumps({k: v for k, v in body.items() if v is not ...}).encode()


def test_a_statement_is_that_of_in_toto() -> None:
    assert json.loads(encode_statement("demo/hello", DIGEST, STATEMENT)) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "demo/hello", "digest": {"sha256": HEX}}],
        "predicateType": "https://example.com/claim/v1",
        "predicate": {"a": [True, None], "b": 1},
    }


def test_a_statement_is_read_back() -> None:
    data = encode_statement("demo/hello", DIGEST, STATEMENT)
    assert read_statement(PAYLOAD_TYPE, data, DIGEST) == STATEMENT


def test_one_of_several_subjects_counts() -> None:
    subjects = [{"digest": {"sha256": OTHER}}, {"digest": {"sha512": "0", "sha256": HEX}}]
    assert read_statement(PAYLOAD_TYPE, changed(subject=subjects), DIGEST) == STATEMENT


def test_an_unset_predicate_is_empty() -> None:
    assert read_statement(PAYLOAD_TYPE, changed(predicate=...), DIGEST).predicate == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "not v1"),
        ({"_type": ...}, "not v1"),
        ({"subject": []}, "1 to 64 subjects"),
        ({"subject": ...}, "1 to 64 subjects"),
        ({"subject": [{"digest": {"sha256": HEX}}] * 65}, "1 to 64 subjects"),
        ({"subject": [{"digest": {"sha256": OTHER}}]}, f"about sha256:{OTHER}"),
        ({"subject": [{"digest": {"sha512": HEX}}]}, "not about"),
        ({"subject": [{"digest": {"sha256": HEX.upper()}}]}, "not about"),
        ({"subject": [{"digest": {"sha256": DIGEST}}]}, "not about"),
        ({"subject": [{"digest": {"sha256": HEX}}, {"name": "x"}]}, "has no digest"),
        ({"subject": [{"digest": {}}]}, "has no digest"),
        ({"subject": ["x"]}, "has no digest"),
        ({"predicateType": ""}, "no predicateType"),
        ({"predicateType": ...}, "no predicateType"),
        ({"predicate": [1]}, "not an object"),
        ({"predicate": None}, "not an object"),
    ],
)
def test_a_malformed_statement_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(VerificationFailed, match=message):
        read_statement(PAYLOAD_TYPE, changed(**changes), DIGEST)


def test_another_payload_type_is_refused() -> None:
    with pytest.raises(VerificationFailed, match="text/plain"):
        read_statement("text/plain", changed(), DIGEST)


@pytest.mark.parametrize("digest", ["", "latest", "sha256:" + "a" * 63, "sha512:" + "a" * 64])
def test_a_subject_must_be_named_by_digest(digest: str) -> None:
    with pytest.raises(InvalidInput, match="not a digest"):
        encode_statement("demo/hello", digest, STATEMENT)
