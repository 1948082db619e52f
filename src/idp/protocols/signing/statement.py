"""in-toto Statement v1: a predicate about subjects named by digest. Pure.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md

Rules for reading:
1. The payload type is `application/vnd.in-toto+json`, the statement strict JSON.
2. `_type` is `https://in-toto.io/Statement/v1`.
3. Every subject has a digest, and one of them is the artifact in question ("subjects are matched
   purely by digest").
4. `predicateType` is a non-empty string; `predicate` is an object, unset means empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from idp.kernel.errors import InvalidInput, VerificationFailed
from idp.protocols.signing import strict_json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
MAX_STATEMENT_BYTES = 24 * 2**20
MAX_SUBJECTS = 64

_DIGEST = re.compile(r"^sha256:([0-9a-f]{64})$")


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said.

    Attributes:
        predicate_type: Which kind of claim (see `predicates`).
        predicate: The claim.
    """

    predicate_type: str
    predicate: dict[str, Any]


def hex_of(digest: str) -> str:
    """The hexadecimal part of `sha256:<hex>`.

    Raises:
        InvalidInput: It is not such a digest.
    """
    match = _DIGEST.match(digest)
    if match is None:
        raise InvalidInput(f"{digest[:100]!r} is not a digest of the form sha256:<64 hex digits>")
    return match[1]


def encode_statement(name: str, digest: str, statement: Statement) -> bytes:
    """Write a statement about one subject; the same content, the same bytes."""
    return strict_json.canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": hex_of(digest)}}],
            "predicateType": statement.predicate_type,
            "predicate": statement.predicate,
        }
    )


def read_statement(payload_type: str, payload: bytes, subject_digest: str) -> Statement:
    """Read a signed statement and check that it speaks of the subject.

    Args:
        payload_type: As the envelope gives it.
        payload: The signed bytes.
        subject_digest: `sha256:<hex>` of the artifact in question.

    Raises:
        VerificationFailed: A rule is broken.
    """
    if payload_type != PAYLOAD_TYPE:  # Rule 1
        raise VerificationFailed(f"the payload is {payload_type!r}, not an in-toto statement")
    body = strict_json.parse_object(payload, limit=MAX_STATEMENT_BYTES, what="the statement")
    if body.get("_type") != STATEMENT_TYPE:  # Rule 2
        raise VerificationFailed(f"the statement is of type {body.get('_type')!r}, not v1")
    _require_subject(body.get("subject"), subject_digest)  # Rule 3
    predicate_type, predicate = body.get("predicateType"), body.get("predicate", {})
    if not isinstance(predicate_type, str) or not predicate_type:  # Rule 4
        raise VerificationFailed("the statement has no predicateType")
    if not isinstance(predicate, dict):
        raise VerificationFailed("the statement's predicate is not an object")
    return Statement(predicate_type, predicate)


def _require_subject(subjects: object, digest: str) -> None:
    if not isinstance(subjects, list) or not 1 <= len(subjects) <= MAX_SUBJECTS:
        raise VerificationFailed(f"the statement must have 1 to {MAX_SUBJECTS} subjects")
    found = []
    for subject in subjects:
        digests = subject.get("digest") if isinstance(subject, dict) else None
        if not isinstance(digests, dict) or not digests:
            raise VerificationFailed("a subject of the statement has no digest")
        found.append(digests.get("sha256"))
    if hex_of(digest) not in found:
        raise VerificationFailed(f"the statement is about sha256:{found[0]}, not about {digest}")
