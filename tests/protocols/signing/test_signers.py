"""One contract over every place where a signing key can be.

AWS KMS is moto's server, which does not tell digests from content (`MessageType`), so larger
content is only seen to be sent as its digest. No Vault runs here: a small fake answers as its
documentation says.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.server import ThreadedMotoServer

from idp.kernel.capability import Signer
from idp.kernel.errors import MissingPrerequisite, Unavailable, VerificationFailed
from idp.protocols.signing.attestations import sign_statement, verify_statement
from idp.protocols.signing.keys import PrivateKey, key_id, verify_signature
from idp.protocols.signing.kms import KmsKey, open_kms_key
from idp.protocols.signing.statement import Statement
from idp.protocols.signing.vault import VaultKey

DIGEST = "sha256:" + "ab" * 32


class FakeVault:
    """The two calls of the transit engine that are used."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("X-Vault-Token") != "secret":
            return httpx.Response(403, json={"errors": ["permission denied"]})
        path = request.url.path
        if (request.method, path) == ("GET", "/v1/transit/keys/release"):
            pem = self.key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            keys = {"1": {"public_key": "old"}, "2": {"public_key": pem.decode()}}
            return self._data({"type": "ecdsa-p256", "latest_version": 2, "keys": keys})
        if (request.method, path) == ("GET", "/v1/transit/keys/rsa"):
            return self._data({"type": "rsa-2048", "latest_version": 1, "keys": {}})
        if (request.method, path) == ("POST", "/v1/transit/sign/release/sha2-256"):
            asked = json.loads(request.content)
            assert (asked["prehashed"], asked["marshaling_algorithm"]) == (True, "asn1")
            made = self.key.sign(
                base64.b64decode(asked["input"]), ec.ECDSA(Prehashed(hashes.SHA256()))
            )
            version = asked["key_version"]
            return self._data({"signature": f"vault:v{version}:{base64.b64encode(made).decode()}"})
        return httpx.Response(404, json={"errors": []})

    @staticmethod
    def _data(body: dict[str, Any]) -> httpx.Response:
        return httpx.Response(200, json={"data": body})


def vault(key: str = "release", token: str = "secret", handler: Any = None) -> VaultKey:
    transport = httpx.MockTransport(handler or FakeVault())
    headers = {"X-Vault-Token": token}
    client = httpx.Client(base_url="http://vault", headers=headers, transport=transport)
    return VaultKey(client, key)


@pytest.fixture(scope="module")
def kms() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield boto3.client(
        "kms",
        endpoint_url=f"http://{host}:{port}",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    server.stop()


def kms_key(client: Any, spec: str = "ECC_NIST_P256") -> str:
    made = client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    return str(made["KeyMetadata"]["KeyId"])


@pytest.fixture(params=["file", "kms", "vault"])
def signer(request: pytest.FixtureRequest, kms: Any) -> Signer:
    makers: dict[str, Callable[[], Signer]] = {
        "file": PrivateKey.generate,
        "kms": lambda: KmsKey(kms, kms_key(kms)),
        "vault": vault,
    }
    return makers[request.param]()


def test_a_signature_is_of_the_public_key_over_the_payload(signer: Signer) -> None:
    signature = signer.sign(b"payload")
    verify_signature(signer.public_key, b"payload", signature)
    with pytest.raises(VerificationFailed):
        verify_signature(signer.public_key, b"another", signature)


def test_what_it_attests_verifies(signer: Signer) -> None:
    statement = Statement("https://example.com/claim/v1", {"a": 1})
    data = asyncio.run(sign_statement("demo/hello", DIGEST, statement, signer))
    assert verify_statement(data, DIGEST, {"me": signer.public_key})[:2] == (statement, "me")


def test_the_key_has_an_id_and_shows_no_secret(signer: Signer) -> None:
    assert len(base64.b64decode(key_id(signer.public_key))) == 32
    assert "secret" not in repr(signer)
    assert "PRIVATE" not in repr(signer)


def test_a_key_of_another_kind_is_refused(kms: Any) -> None:
    with pytest.raises(MissingPrerequisite, match="cannot sign here"):
        KmsKey(kms, kms_key(kms, "RSA_2048"))
    with pytest.raises(MissingPrerequisite, match="rsa-2048"):
        vault("rsa")


def test_kms_gets_the_digest_of_what_is_larger_than_it_takes(kms: Any) -> None:
    sent: list[dict[str, Any]] = []

    class Recorded:
        def get_public_key(self, **asked: Any) -> Any:
            return kms.get_public_key(**asked)

        def sign(self, **asked: Any) -> Any:
            sent.append(asked)
            return {"Signature": b"x"}

    KmsKey(Recorded(), kms_key(kms)).sign(b"x" * 4097)
    assert sent[0]["MessageType"] == "DIGEST"
    assert sent[0]["Message"] == hashlib.sha256(b"x" * 4097).digest()


def test_an_unknown_key_is_named(kms: Any) -> None:
    with pytest.raises(MissingPrerequisite, match="refuses alias/none"):
        KmsKey(kms, "alias/none")
    with pytest.raises(MissingPrerequisite, match="404"):
        vault("none")
    with pytest.raises(MissingPrerequisite, match="403"):
        vault(token="wrong")


def test_a_service_that_does_not_answer_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable):
        open_kms_key("alias/x", endpoint="http://127.0.0.1:1", region="eu-central-1")
    with pytest.raises(Unavailable, match="sealed"):
        vault(handler=lambda request: httpx.Response(503))
    with pytest.raises(Unavailable, match="not as Vault"):
        vault(handler=lambda request: httpx.Response(200, text="hello"))
