"""Who may write into a repository puts genuine signatures where they do not belong."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from idp.kernel.errors import VerificationFailed
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST, LAYER_GZIP, Descriptor, Registry
from idp.protocols.signing.attestations import attach, statements
from idp.protocols.signing.cosign import sign_digest, signature_tag, signatures, verify_digest
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import CYCLONEDX

REPOSITORY = "demo/hello"


async def push(registry: Registry, content: bytes) -> Descriptor:
    """An image with one layer."""
    config = await registry.push_blob(REPOSITORY, b"{}", IMAGE_CONFIG)
    layer = await registry.push_blob(REPOSITORY, content, LAYER_GZIP)
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config.as_json(),
        "layers": [layer.as_json()],
    }
    return await registry.push_manifest(REPOSITORY, body)


async def stored(registry: Registry, reference: str) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads((await registry.manifest(REPOSITORY, reference)).body)
    return body


async def point_at(registry: Registry, referrer: str, subject: Descriptor) -> None:
    """Store what refers to one image again, as if it referred to another."""
    body = await stored(registry, referrer)
    await registry.push_manifest(REPOSITORY, {**body, "subject": subject.as_json()})


async def test_an_image_whose_layer_was_swapped_is_signed_by_nobody(
    registry: Registry, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    genuine, swapped = await push(registry, b"genuine"), await push(registry, b"swapped")
    await sign_digest(registry, REPOSITORY, genuine.digest, staging)
    with pytest.raises(VerificationFailed, match="is not signed"):
        await verify_digest(registry, REPOSITORY, swapped.digest, trusted)
    for referrer in await registry.referrers(REPOSITORY, genuine.digest):
        await point_at(registry, referrer.digest, swapped)
    signed = await stored(registry, signature_tag(genuine.digest))
    await registry.push_manifest(REPOSITORY, signed, tag=signature_tag(swapped.digest))
    found = await signatures(registry, REPOSITORY, swapped.digest, trusted)
    assert len(found) == 3
    assert all(signature.signer is None for signature in found)
    with pytest.raises(VerificationFailed, match="3 signatures and none counts"):
        await verify_digest(registry, REPOSITORY, swapped.digest, trusted)


async def test_a_signature_whose_layer_was_swapped_does_not_count(
    registry: Registry, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    genuine, other = await push(registry, b"genuine"), await push(registry, b"other")
    of_genuine = await sign_digest(registry, REPOSITORY, genuine.digest, staging)
    of_other = await sign_digest(registry, REPOSITORY, other.digest, staging)
    mine = await stored(registry, of_genuine.digest)
    theirs = await stored(registry, of_other.digest)
    mixed = await registry.push_manifest(REPOSITORY, {**mine, "layers": theirs["layers"]})
    found = {
        signature.digest: signature
        for signature in await signatures(registry, REPOSITORY, genuine.digest, trusted)
    }
    assert found[mixed.digest].signer is None
    assert "for another artifact" in found[mixed.digest].reason
    assert found[of_genuine.digest].signer == "staging"


async def test_an_attestation_whose_layer_was_swapped_does_not_count(
    registry: Registry, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    genuine, other = await push(registry, b"genuine"), await push(registry, b"other")
    mine = await attach(registry, REPOSITORY, genuine.digest, CYCLONEDX, {"a": 1}, staging)
    theirs = await attach(registry, REPOSITORY, other.digest, CYCLONEDX, {"a": 2}, staging)
    body = await stored(registry, mine.digest)
    layers = (await stored(registry, theirs.digest))["layers"]
    mixed = await registry.push_manifest(REPOSITORY, {**body, "layers": layers})
    found = await statements(registry, REPOSITORY, genuine.digest, trusted)
    assert [statement.predicate for statement in found.verified] == [{"a": 1}]
    assert [rejected.digest for rejected in found.rejected] == [mixed.digest]
