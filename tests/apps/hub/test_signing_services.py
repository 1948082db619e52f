"""Sign in, get a certificate for a key, and a time stamp: as Sigstore's clients ask for them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from idp.apps.hub.access import HubAccess
from idp.apps.hub.authentication import Authentication
from idp.apps.hub.instances import Instances
from idp.apps.hub.review import RepositoryReview
from idp.apps.hub.signing_authorities import Authorities, open_authorities
from idp.apps.hub.signing_services import signing_services
from idp.apps.hub.users import Users
from idp.apps.platform.layout import Layout
from idp.kernel.errors import MissingPrerequisite
from idp.protocols.signing.certificates import Identity, identify
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.timestamps.token import pem_of, timestamp_request, verify_timestamp
from support.hub import PASSWORD

ISSUER = "http://127.0.0.1:8600"
MAYA = (Identity("maya", ISSUER, f"{ISSUER}/users/maya"),)


@pytest.fixture
def authorities(layout: Layout) -> Authorities:
    return open_authorities(layout.signing_authorities, ISSUER)


@pytest.fixture
async def services(
    layout: Layout, users: Users, authorities: Authorities
) -> AsyncIterator[httpx.AsyncClient]:
    access = HubAccess(users, "development", RepositoryReview(Instances(layout, ())))
    application = signing_services(authorities, Authentication(users, access))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        yield client


def asked(token: str, key: PrivateKey, proof: bytes) -> dict[str, object]:
    return {
        "credentials": {"oidcIdentityToken": token},
        "publicKeyRequest": {
            "publicKey": {"algorithm": "ECDSA", "content": key.public_key},
            "proofOfPossession": base64.b64encode(proof).decode(),
        },
    }


async def test_who_signs_in_gets_a_certificate(
    services: httpx.AsyncClient, authorities: Authorities
) -> None:
    answer = await services.post("/token", auth=("maya", PASSWORD))
    token, key = answer.json()["token"], PrivateKey.generate()
    proof = key.sign(f"{ISSUER}/users/maya".encode())
    made = await services.post("/api/v2/signingCert", json=asked(token, key, proof))
    assert made.status_code == 201
    leaf, root = made.json()["signedCertificateEmbeddedSct"]["chain"]["certificates"]
    assert root == pem_of(authorities.certificates.certificate)
    der = base64.b64decode("".join(leaf.splitlines()[1:-1]))
    assert identify(der, [root], MAYA).public_key == key.public_key


@pytest.mark.parametrize("auth", [("", ""), ("maya", "wrong"), ("instance.production", PASSWORD)])
async def test_only_people_who_sign_in_get_a_token(
    services: httpx.AsyncClient, auth: tuple[str, str]
) -> None:
    assert (await services.post("/token", auth=auth)).status_code in (401, 403)


async def test_a_token_of_somebody_else_is_refused(
    services: httpx.AsyncClient, tmp_path: Path
) -> None:
    key = PrivateKey.generate()
    proof = key.sign(f"{ISSUER}/users/maya".encode())
    stranger = open_authorities(tmp_path / "stranger", ISSUER).token("maya")
    for token in ("", "a.b.c", stranger):
        answer = await services.post("/api/v2/signingCert", json=asked(token, key, proof))
        assert answer.status_code == 401


async def test_a_key_that_is_not_held_is_not_certified(
    services: httpx.AsyncClient, authorities: Authorities
) -> None:
    key, token = PrivateKey.generate(), authorities.token("maya")
    proof = PrivateKey.generate().sign(f"{ISSUER}/users/maya".encode())
    answer = await services.post("/api/v2/signingCert", json=asked(token, key, proof))
    assert answer.status_code == 400
    assert "proof of possession" in answer.text


async def test_time_stamps_in_both_forms(
    services: httpx.AsyncClient, authorities: Authorities
) -> None:
    pinned = [pem_of(authorities.timestamps.certificate)]
    binary = await services.post(
        "/timestamp",
        content=timestamp_request(b"signature"),
        headers={"Content-Type": "application/timestamp-query"},
    )
    digest = base64.b64encode(hashlib.sha256(b"signature").digest()).decode()
    body = {"artifactHash": digest, "hashAlgorithm": "sha256"}
    for answer in (binary, await services.post("/timestamp", json=body)):
        assert answer.headers["content-type"] == "application/timestamp-reply"
        assert verify_timestamp(answer.content, b"signature", pinned)


@pytest.mark.parametrize(
    "body",
    [{}, {"hashAlgorithm": "sha1", "artifactHash": ""}, {"hashAlgorithm": "sha256"}],
)
async def test_other_digests_are_refused(services: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await services.post("/timestamp", json=body)).status_code == 400


def test_the_keys_are_made_once_and_must_be_private(layout: Layout) -> None:
    folder = layout.signing_authorities
    first, second = (open_authorities(folder, ISSUER) for _ in range(2))
    assert first.certificates.certificate == second.certificates.certificate
    (folder / "tokens.key").chmod(0o644)
    with pytest.raises(MissingPrerequisite, match="used by others"):
        open_authorities(folder, ISSUER)
