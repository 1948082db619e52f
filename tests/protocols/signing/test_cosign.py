from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from idp.kernel.errors import VerificationFailed
from idp.kernel.trust import PinnedKey
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST, Registry
from idp.protocols.signing.attestations import attach, statements
from idp.protocols.signing.cosign import (
    ARTIFACT_TYPE,
    SIGNATURE_ANNOTATION,
    SIMPLE_SIGNING,
    sign_digest,
    signature_tag,
    signatures,
    simple_signing_payload,
    verify_digest,
    verify_simple_signing,
)
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import COSIGN_SIGNATURE

REPOSITORY = "demo/hello"
DIGEST = "sha256:" + "ab" * 32


def test_the_payload_is_that_of_cosign() -> None:
    assert simple_signing_payload(REPOSITORY, DIGEST) == (
        b'{"critical":{"identity":{"docker-reference":"demo/hello"},'
        b'"image":{"docker-manifest-digest":"' + DIGEST.encode() + b'"},'
        b'"type":"cosign container image signature"},"optional":null}'
    )


async def test_what_is_signed_verifies(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    signed = await sign_digest(registry, REPOSITORY, image, staging, annotations={"commit": "abc"})
    assert await verify_digest(registry, REPOSITORY, image, trusted) == "staging"
    again = await sign_digest(registry, REPOSITORY, image, staging, annotations={"commit": "abc"})
    assert signed == again


async def test_the_signature_is_stored_as_cosign_stores_it(
    registry: Registry, image: str, staging: PrivateKey
) -> None:
    signed = await sign_digest(registry, REPOSITORY, image, staging)
    body = json.loads((await registry.manifest(REPOSITORY, signed.digest)).body)
    assert body["artifactType"] == ARTIFACT_TYPE
    (layer,) = body["layers"]
    assert layer["mediaType"] == SIMPLE_SIGNING
    payload = await registry.blob(REPOSITORY, layer["digest"])
    signature = layer["annotations"][SIGNATURE_ANNOTATION]
    name = verify_simple_signing(payload, signature, image, {"me": staging.public_key})
    assert name == "me"


async def test_signatures_in_the_new_form_alone_are_enough(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    await attach(registry, REPOSITORY, image, COSIGN_SIGNATURE, {}, staging)
    assert await verify_digest(registry, REPOSITORY, image, trusted) == "staging"


async def test_the_new_form_is_written_too(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    await sign_digest(registry, REPOSITORY, image, staging)
    found = await statements(registry, REPOSITORY, image, trusted)
    assert [statement.predicate_type for statement in found.verified] == [COSIGN_SIGNATURE]


async def test_an_unsigned_artifact_is_refused(
    registry: Registry, image: str, trusted: dict[str, str]
) -> None:
    with pytest.raises(VerificationFailed, match="is not signed") as refusal:
        await verify_digest(registry, REPOSITORY, image, trusted)
    assert "development, staging" in (refusal.value.remedy or "")


async def test_other_attestations_are_no_signature(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    await attach(registry, REPOSITORY, image, "https://example.com/claim/v1", {}, staging)
    with pytest.raises(VerificationFailed, match="is not signed"):
        await verify_digest(registry, REPOSITORY, image, trusted)


async def test_the_refusal_names_what_was_found(
    registry: Registry, image: str, stranger: PrivateKey, trusted: dict[str, str]
) -> None:
    await sign_digest(registry, REPOSITORY, image, stranger)
    with pytest.raises(VerificationFailed, match=r"3 signatures and none counts.*trusted keys"):
        await verify_digest(registry, REPOSITORY, image, trusted)


async def test_a_strangers_signature_does_not_hide_a_good_one(
    registry: Registry,
    image: str,
    staging: PrivateKey,
    stranger: PrivateKey,
    trusted: dict[str, str],
) -> None:
    for key in (stranger, staging):
        await sign_digest(registry, REPOSITORY, image, key)
    assert await verify_digest(registry, REPOSITORY, image, trusted) == "staging"


def altered(path: tuple[str, ...], value: Any) -> bytes:
    body = json.loads(simple_signing_payload(REPOSITORY, DIGEST))
    at = body
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (altered(("critical", "type"), "something else"), "something else"),
        (altered(("critical", "image"), {}), "simple-signing form"),
        (altered(("critical",), []), "simple-signing form"),
        (altered(("critical", "image", "docker-manifest-digest"), "sha256:0"), "another artifact"),
        (b"[]", "not a JSON object"),
        (b'{"critical":1,"critical":2}', "duplicate key"),
    ],
)
def test_a_signed_payload_must_say_the_right_thing(
    staging: PrivateKey, trusted: dict[str, str], payload: bytes, message: str
) -> None:
    signature = base64.b64encode(staging.sign(payload)).decode()
    with pytest.raises(VerificationFailed, match=message):
        verify_simple_signing(payload, signature, DIGEST, trusted)


@pytest.mark.parametrize("signature", ["", "AAAA", "?", "é"])
def test_a_bad_signature_is_refused(trusted: dict[str, str], signature: str) -> None:
    payload = simple_signing_payload(REPOSITORY, DIGEST)
    with pytest.raises(VerificationFailed):
        verify_simple_signing(payload, signature, DIGEST, trusted)


async def test_the_old_form_is_under_its_tag_with_all_signers(
    registry: Registry, image: str, staging: PrivateKey, stranger: PrivateKey
) -> None:
    for key in (staging, stranger, staging):
        await sign_digest(registry, REPOSITORY, image, key)
    stored = await registry.manifest(REPOSITORY, image.replace(":", "-") + ".sig")
    layers = json.loads(stored.body)["layers"]
    assert [layer["mediaType"] for layer in layers] == [SIMPLE_SIGNING] * 2
    for layer, key in zip(layers, (staging, stranger), strict=True):
        payload = await registry.blob(REPOSITORY, layer["digest"])
        signature = layer["annotations"][SIGNATURE_ANNOTATION]
        assert verify_simple_signing(payload, signature, image, {"me": key.public_key}) == "me"


async def tag_alone(registry: Registry, image: str, key: PrivateKey) -> None:
    """As cosign 2 without `--registry-referrers-mode` leaves it."""
    payload = simple_signing_payload("elsewhere/hello", image)
    blob = await registry.push_blob(REPOSITORY, payload, SIMPLE_SIGNING)
    config = await registry.push_blob(REPOSITORY, b"{}", IMAGE_CONFIG)
    signature = base64.b64encode(key.sign(payload)).decode()
    layer = {**blob.as_json(), "annotations": {SIGNATURE_ANNOTATION: signature}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config.as_json(),
        "layers": [layer],
    }
    await registry.push_manifest(REPOSITORY, manifest, tag=signature_tag(image))


async def test_the_old_form_alone_is_enough(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    await tag_alone(registry, image, staging)
    assert await verify_digest(registry, REPOSITORY, image, trusted) == "staging"


async def test_an_old_form_by_a_stranger_proves_nothing(
    registry: Registry, image: str, stranger: PrivateKey, trusted: dict[str, str]
) -> None:
    await tag_alone(registry, image, stranger)
    with pytest.raises(VerificationFailed, match=r"1 signatures and none counts.*trusted keys"):
        await verify_digest(registry, REPOSITORY, image, trusted)


async def test_a_signature_by_a_key_that_ran_out_does_not_count(
    registry: Registry, image: str, staging: PrivateKey
) -> None:
    await sign_digest(registry, REPOSITORY, image, staging)
    keys = {"staging": [PinnedKey(staging.public_key, not_after=datetime(2020, 1, 1, tzinfo=UTC))]}
    found = await signatures(registry, REPOSITORY, image, keys)
    assert [one.signer for one in found] == [None] * 3
    assert all("valid until 2020-01-01" in one.reason for one in found)
