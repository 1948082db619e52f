from __future__ import annotations

import json
from typing import Any

import pytest

from idp.kernel.errors import NotFound, TooLarge, VerificationFailed
from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_MANIFEST, Descriptor, Registry
from idp.protocols.signing import attestations, referrers
from idp.protocols.signing.attestations import Rejected, attach, statements
from idp.protocols.signing.bundle import BUNDLE_MEDIA_TYPE
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import CYCLONEDX, SCAN
from idp.protocols.signing.statement import Statement

REPOSITORY = "demo/hello"


async def push_raw(registry: Registry, subject: str, data: bytes, **changes: Any) -> Descriptor:
    """What anybody who may push can leave beside an image."""
    layer = await registry.push_blob(REPOSITORY, data, BUNDLE_MEDIA_TYPE)
    config = await registry.push_blob(REPOSITORY, b"{}", EMPTY_JSON)
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": BUNDLE_MEDIA_TYPE,
        "config": config.as_json(),
        "layers": [layer.as_json()],
        "subject": {"mediaType": IMAGE_MANIFEST, "digest": subject, "size": 2},
        **changes,
    }
    return await registry.push_manifest(REPOSITORY, manifest)


async def test_what_is_attached_is_found(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    descriptor = await attach(registry, REPOSITORY, image, SCAN, {"scanners": []}, staging)
    found = await statements(registry, REPOSITORY, image, trusted)
    assert found.rejected == []
    (statement,) = found.verified
    assert (statement.predicate_type, statement.predicate) == (SCAN, {"scanners": []})
    assert (statement.signer, statement.digest) == ("staging", descriptor.digest)


async def test_attaching_twice_stores_one(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    first = await attach(registry, REPOSITORY, image, SCAN, {"a": 1, "b": 2}, staging)
    again = await attach(registry, REPOSITORY, image, SCAN, {"b": 2, "a": 1}, staging)
    assert first == again
    assert len((await statements(registry, REPOSITORY, image, trusted)).verified) == 1


async def test_the_manifest_is_as_cosign_stores_it(
    registry: Registry, image: str, staging: PrivateKey
) -> None:
    descriptor = await attach(registry, REPOSITORY, image, CYCLONEDX, {}, staging)
    body = json.loads((await registry.manifest(REPOSITORY, descriptor.digest)).body)
    assert body["artifactType"] == BUNDLE_MEDIA_TYPE
    assert body["subject"]["digest"] == image
    assert body["subject"]["size"] == len((await registry.manifest(REPOSITORY, image)).body)
    assert body["config"]["mediaType"] == EMPTY_JSON
    assert [layer["mediaType"] for layer in body["layers"]] == [BUNDLE_MEDIA_TYPE]
    assert body["annotations"] == {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": CYCLONEDX,
    }


async def test_only_the_type_asked_for_is_returned(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    for predicate_type in (SCAN, CYCLONEDX):
        await attach(registry, REPOSITORY, image, predicate_type, {}, staging)
    found = await statements(registry, REPOSITORY, image, trusted, predicate_type=SCAN)
    assert [statement.predicate_type for statement in found.verified] == [SCAN]


async def test_a_stranger_can_add_and_proves_nothing(
    registry: Registry, image: str, stranger: PrivateKey, trusted: dict[str, str]
) -> None:
    forged = await attach(registry, REPOSITORY, image, SCAN, {}, stranger)
    found = await statements(registry, REPOSITORY, image, trusted, predicate_type=SCAN)
    assert found.verified == []
    assert [rejected.digest for rejected in found.rejected] == [forged.digest]
    assert "none of the trusted keys" in found.rejected[0].reason


async def test_a_statement_copied_from_another_image_is_rejected(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    other = "sha256:" + "cd" * 32
    data = await attestations.sign_statement(REPOSITORY, other, Statement(SCAN, {}), staging)
    copied = await push_raw(registry, image, data)
    found = await statements(registry, REPOSITORY, image, trusted)
    assert found.rejected == [
        Rejected(copied.digest, f"the statement is about {other}, not about {image}")
    ]


@pytest.mark.parametrize(
    ("data", "changes", "reason"),
    [
        (b"not json", {}, "not well-formed JSON"),
        (b"{}", {}, "not v0.3"),
        (b"{}", {"layers": []}, "exactly one layer"),
    ],
)
async def test_garbage_is_rejected_with_its_reason(
    registry: Registry,
    image: str,
    trusted: dict[str, str],
    data: bytes,
    changes: dict[str, Any],
    reason: str,
) -> None:
    await push_raw(registry, image, data, **changes)
    (rejected,) = (await statements(registry, REPOSITORY, image, trusted)).rejected
    assert reason in rejected.reason


async def test_a_layer_of_another_type_is_rejected(
    registry: Registry, image: str, trusted: dict[str, str]
) -> None:
    layer = await registry.push_blob(REPOSITORY, b"{}", "text/plain")
    await push_raw(registry, image, b"{}", layers=[layer.as_json()])
    (rejected,) = (await statements(registry, REPOSITORY, image, trusted)).rejected
    assert "not of type" in rejected.reason


async def test_one_bad_attestation_does_not_hide_a_good_one(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    await push_raw(registry, image, b"[]")
    await attach(registry, REPOSITORY, image, SCAN, {}, staging)
    found = await statements(registry, REPOSITORY, image, trusted)
    assert (len(found.verified), len(found.rejected)) == (1, 1)


async def test_an_oversized_bundle_is_rejected(
    registry: Registry,
    image: str,
    trusted: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attestations, "MAX_BUNDLE_BYTES", 100)
    await push_raw(registry, image, b" " * 101)
    (rejected,) = (await statements(registry, REPOSITORY, image, trusted)).rejected
    assert "larger than 100 bytes" in rejected.reason


async def test_more_than_a_verifier_reads_is_not_attached(
    registry: Registry, image: str, staging: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attestations, "MAX_BUNDLE_BYTES", 100)
    with pytest.raises(TooLarge):
        await attach(registry, REPOSITORY, image, SCAN, {"a": "x" * 100}, staging)


async def test_a_flood_is_refused_as_a_whole(
    registry: Registry,
    image: str,
    trusted: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(referrers, "MAX_REFERRERS", 1)
    for data in (b"1", b"2"):
        await push_raw(registry, image, data)
    with pytest.raises(VerificationFailed, match="more than the 1"):
        await statements(registry, REPOSITORY, image, trusted)


async def test_a_missing_subject_is_named(registry: Registry, staging: PrivateKey) -> None:
    with pytest.raises(NotFound):
        await attach(registry, REPOSITORY, "sha256:" + "00" * 32, SCAN, {}, staging)
