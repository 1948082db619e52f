"""An attestation counts as logged only with a whole proof for itself, of its signer's own log."""

from __future__ import annotations

import asyncio
import base64
import copy
import hashlib
import json
from typing import Any

import pytest

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.attestations import sign_statement, verify_statement
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.statement import Statement
from idp.protocols.signing.transparency.entry import summary
from idp.protocols.signing.transparency.log import LoggedKey, MemoryLog
from idp.protocols.signing.transparency.merkle import verify_consistency

DIGEST = "sha256:" + "ab" * 32


def sign(signer: Any, number: int = 1) -> dict[str, Any]:
    statement = Statement("https://example.com/claim/v1", {"number": number})
    body: dict[str, Any] = json.loads(
        asyncio.run(sign_statement("demo/hello", DIGEST, statement, signer))
    )
    return body


def entry_in(body: dict[str, Any]) -> Any:
    return body["verificationMaterial"]["tlogEntries"][0]


def check(body: dict[str, Any], trusted: dict[str, str], *, must_be_logged: bool = True) -> Any:
    data = json.dumps(body).encode()
    return verify_statement(data, DIGEST, trusted, must_be_logged=must_be_logged)[2]


@pytest.fixture
def log(staging: PrivateKey) -> MemoryLog:
    return MemoryLog(staging, "staging")


@pytest.fixture
def signer(staging: PrivateKey, log: MemoryLog) -> LoggedKey:
    return LoggedKey(staging, log)


def test_the_place_in_the_log_is_proved(signer: LoggedKey, trusted: dict[str, str]) -> None:
    bodies = [sign(signer, number) for number in range(5)]
    for place, body in enumerate(bodies):
        logged = check(body, trusted)
        assert (logged.index, logged.checkpoint.size) == (place, place + 1)
        entry = base64.b64decode(entry_in(body)["canonicalizedBody"])
        payload = base64.b64decode(body["dsseEnvelope"]["payload"])
        assert summary(entry) == {
            "payload": "sha256:" + hashlib.sha256(payload).hexdigest(),
            "signature": body["dsseEnvelope"]["signatures"][0]["sig"],
        }


def test_signing_again_gives_the_same_proof_though_the_log_grew(signer: LoggedKey) -> None:
    first = sign(signer)
    sign(signer, 2)
    assert sign(signer) == first


def test_checkpoints_of_two_attestations_show_that_the_log_only_grew(
    signer: LoggedKey, log: MemoryLog, trusted: dict[str, str]
) -> None:
    old, new = (check(sign(signer, number), trusted).checkpoint for number in range(2))
    proof = log.tree.consistency(old.size, new.size)
    verify_consistency(old.size, new.size, proof, old.root, new.root)


def test_what_is_not_logged_counts_only_where_that_is_not_asked(
    staging: PrivateKey, trusted: dict[str, str]
) -> None:
    body = sign(staging)
    assert check(body, trusted, must_be_logged=False) is None
    with pytest.raises(VerificationFailed, match="not in the transparency log of staging"):
        check(body, trusted)


def test_the_entry_of_another_attestation_proves_nothing(
    signer: LoggedKey, trusted: dict[str, str]
) -> None:
    body, other = sign(signer, 1), sign(signer, 2)
    body["verificationMaterial"] = other["verificationMaterial"]
    with pytest.raises(VerificationFailed, match="about another envelope"):
        check(body, trusted)


def test_the_log_of_another_environment_does_not_count(
    staging: PrivateKey, trusted: dict[str, str]
) -> None:
    body = sign(LoggedKey(staging, MemoryLog(staging, "uat")))
    with pytest.raises(VerificationFailed, match="of the log idp/uat, not idp/staging"):
        check(body, trusted)


def test_a_log_of_a_stranger_does_not_count(
    staging: PrivateKey, stranger: PrivateKey, trusted: dict[str, str]
) -> None:
    body = sign(LoggedKey(staging, MemoryLog(stranger, "staging")))
    with pytest.raises(VerificationFailed, match="of another log"):
        check(body, trusted)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("logIndex",), "0"),
        (("logIndex",), "x"),
        (("logId",), None),
        (("inclusionProof",), {}),
        (("inclusionProof", "hashes"), []),
        (("inclusionProof", "hashes"), ["AAAA"]),
        (("inclusionProof", "hashes"), ["AA=="] * 100),
        (("inclusionProof", "hashes"), 7),
        (("inclusionProof", "treeSize"), "3"),
        (("inclusionProof", "rootHash"), "AAAA"),
        (("inclusionProof", "checkpoint", "envelope"), None),
        (
            ("inclusionProof", "checkpoint", "envelope"),
            "idp/staging\n2\nAAAA\n\n— idp/staging AAAA",
        ),
        (("canonicalizedBody",), "e30="),
        (("canonicalizedBody",), "?"),
        (("canonicalizedBody",), "A" * 200_000),
        (("integratedTime",), []),
    ],
)
def test_a_damaged_proof_is_refused_even_where_none_is_asked(
    signer: LoggedKey, trusted: dict[str, str], path: tuple[str, ...], value: object
) -> None:
    sign(signer, 1)
    body = copy.deepcopy(sign(signer, 2))
    place = entry_in(body)
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(VerificationFailed):
        check(body, trusted, must_be_logged=False)


def test_an_entry_that_is_no_object_is_refused(signer: LoggedKey, trusted: dict[str, str]) -> None:
    body = sign(signer)
    for entries in (["x"], [None], "x", [entry_in(body)] * 9):
        body["verificationMaterial"]["tlogEntries"] = entries
        with pytest.raises(VerificationFailed):
            check(body, trusted)
