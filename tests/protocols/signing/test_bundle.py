from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.attestations import sign_statement, verify_statement
from idp.protocols.signing.bundle import read_bundle
from idp.protocols.signing.keys import PrivateKey, key_id
from idp.protocols.signing.statement import Statement

DIGEST, OTHER = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32
STATEMENT = Statement("https://example.com/claim/v1", {"answer": 42})


def bundle(key: PrivateKey, **changes: Any) -> bytes:
    body = json.loads(asyncio.run(sign_statement("demo/hello", DIGEST, STATEMENT, key)))
    return json.dumps({**body, **changes}).encode()


def test_a_bundle_is_that_of_sigstore(staging: PrivateKey) -> None:
    body = json.loads(bundle(staging))
    assert body["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert body["verificationMaterial"]["publicKey"] == {"hint": key_id(staging.public_key)}
    assert set(body["dsseEnvelope"]) == {"payload", "payloadType", "signatures"}


def test_the_same_statement_makes_the_same_bundle(staging: PrivateKey) -> None:
    assert bundle(staging) == bundle(staging)


def test_a_bundle_is_read_back(staging: PrivateKey, trusted: dict[str, str]) -> None:
    assert verify_statement(bundle(staging), DIGEST, trusted) == (STATEMENT, "staging", None)


def test_a_bundle_about_another_artifact_is_refused(
    staging: PrivateKey, trusted: dict[str, str]
) -> None:
    with pytest.raises(VerificationFailed, match=f"not about {OTHER}"):
        verify_statement(bundle(staging), OTHER, trusted)


def test_a_bundle_of_a_stranger_is_refused(stranger: PrivateKey, trusted: dict[str, str]) -> None:
    with pytest.raises(VerificationFailed, match="none of the trusted keys"):
        verify_statement(bundle(stranger), DIGEST, trusted)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"}, "not v0.3"),
        ({"mediaType": None}, "not v0.3"),
        ({"verificationMaterial": {"certificate": {"rawBytes": "?"}}}, "not base64"),
        ({"verificationMaterial": None}, "no verification material"),
        ({"verificationMaterial": {}}, "neither a plain key nor one certificate"),
        ({"dsseEnvelope": None}, "no DSSE envelope"),
        ({"dsseEnvelope": None, "messageSignature": {}}, "no DSSE envelope"),
    ],
)
def test_other_bundles_are_refused_by_name(
    staging: PrivateKey, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(VerificationFailed, match=message):
        read_bundle(bundle(staging, **changes))
