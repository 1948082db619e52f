"""What every registry promises: in memory, and over HTTP to the embedded one."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from idp.kernel.errors import InvalidInput, NotFound, TooLarge
from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.errors import TagIsImmutable
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import (
    EMPTY_JSON,
    IMAGE_CONFIG,
    IMAGE_INDEX,
    IMAGE_MANIFEST,
    LAYER_GZIP,
    Descriptor,
    Registry,
)
from idp.protocols.oci.reference import digest_of

StartRegistry = Callable[[], Awaitable[Any]]

REPOSITORY = "demo/hello"
UNKNOWN = f"sha256:{'0' * 64}"


@pytest.fixture(params=["memory", "http"])
async def subject(
    request: pytest.FixtureRequest, start_registry: StartRegistry
) -> AsyncIterator[Registry]:
    if request.param == "memory":
        yield MemoryRegistry()
        return
    server = await start_registry()
    async with HttpRegistry(server.remote()) as client:
        yield client


async def image(registry: Registry, text: bytes = b"layer") -> dict[str, Any]:
    """Push the blobs of an image and give its manifest."""
    config = await registry.push_blob(REPOSITORY, b"{}", IMAGE_CONFIG)
    layer = await registry.push_blob(REPOSITORY, text, LAYER_GZIP)
    return {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config.as_json(),
        "layers": [layer.as_json()],
    }


async def attestation(
    registry: Registry, about: Descriptor, artifact_type: str, **annotations: str
) -> Descriptor:
    empty = await registry.push_blob(REPOSITORY, b"{}", EMPTY_JSON)
    return await registry.push_manifest(
        REPOSITORY,
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "artifactType": artifact_type,
            "config": empty.as_json(),
            "layers": [empty.as_json()],
            "subject": about.as_json(),
            "annotations": annotations,
        },
    )


async def test_a_pushed_image_is_read_back_by_tag_and_by_digest(subject: Registry) -> None:
    manifest = await image(subject)
    pushed = await subject.push_manifest(REPOSITORY, manifest, tag="1.0")
    by_tag = await subject.manifest(REPOSITORY, "1.0")
    by_digest = await subject.manifest(REPOSITORY, pushed.digest)
    assert by_tag == by_digest
    assert by_tag.media_type == IMAGE_MANIFEST
    assert by_tag.digest == pushed.digest == digest_of(by_tag.body)
    assert len(by_tag.body) == pushed.size
    assert await subject.blob(REPOSITORY, digest_of(b"layer")) == b"layer"


async def test_the_same_manifest_gets_the_same_digest_whatever_the_order_of_keys(
    subject: Registry,
) -> None:
    manifest = await image(subject)
    one = await subject.push_manifest(REPOSITORY, manifest)
    two = await subject.push_manifest(REPOSITORY, dict(reversed(manifest.items())))
    assert one == two


async def test_a_large_blob_is_streamed(subject: Registry) -> None:
    content = hashlib.shake_256(b"seed").digest(3 * 2**20 + 17)
    pushed = await subject.push_blob(REPOSITORY, content, LAYER_GZIP)
    assert (pushed.media_type, pushed.size) == (LAYER_GZIP, len(content))
    received = b"".join([c async for c in subject.stream_blob(REPOSITORY, pushed.digest)])
    assert received == content


async def test_pushing_a_blob_again_changes_nothing(subject: Registry) -> None:
    one = await subject.push_blob(REPOSITORY, b"same", LAYER_GZIP)
    assert await subject.push_blob(REPOSITORY, b"same", LAYER_GZIP) == one


async def test_a_blob_over_the_limit_is_not_read(subject: Registry) -> None:
    pushed = await subject.push_blob(REPOSITORY, b"x" * 100, LAYER_GZIP)
    assert len(await subject.blob(REPOSITORY, pushed.digest, limit=100)) == 100
    with pytest.raises(TooLarge):
        await subject.blob(REPOSITORY, pushed.digest, limit=99)


async def test_what_is_not_there_is_not_found(subject: Registry) -> None:
    await subject.push_manifest(REPOSITORY, await image(subject), tag="1.0")
    for reference in ("2.0", UNKNOWN):
        with pytest.raises(NotFound):
            await subject.manifest(REPOSITORY, reference)
    with pytest.raises(NotFound):
        await subject.blob(REPOSITORY, UNKNOWN)
    with pytest.raises(NotFound):
        [c async for c in subject.stream_blob(REPOSITORY, UNKNOWN)]
    with pytest.raises(NotFound):
        await subject.manifest("demo/other", "1.0")


async def test_a_tag_never_moves(subject: Registry) -> None:
    first = await image(subject, b"one")
    pushed = await subject.push_manifest(REPOSITORY, first, tag="1.0")
    assert await subject.push_manifest(REPOSITORY, first, tag="1.0") == pushed
    with pytest.raises(TagIsImmutable) as refusal:
        await subject.push_manifest(REPOSITORY, await image(subject, b"two"), tag="1.0")
    assert "immutable" in refusal.value.message
    assert "another tag" in (refusal.value.remedy or "")
    assert not refusal.value.retryable
    assert (await subject.manifest(REPOSITORY, "1.0")).digest == pushed.digest


async def test_what_is_there_gets_another_tag(subject: Registry) -> None:
    pushed = await subject.push_manifest(REPOSITORY, await image(subject), tag="1.0")
    for _ in range(2):
        await subject.tag(REPOSITORY, pushed.digest, "prod-1.0")
    assert (await subject.manifest(REPOSITORY, "prod-1.0")).digest == pushed.digest
    other = await subject.push_manifest(REPOSITORY, await image(subject, b"two"))
    with pytest.raises(TagIsImmutable):
        await subject.tag(REPOSITORY, other.digest, "prod-1.0")
    with pytest.raises(NotFound):
        await subject.tag(REPOSITORY, UNKNOWN, "prod-2.0")


async def test_a_manifest_whose_content_is_missing_is_refused(subject: Registry) -> None:
    manifest = await image(subject)
    manifest["layers"] = [Descriptor(LAYER_GZIP, UNKNOWN, 1).as_json()]
    with pytest.raises(InvalidInput, match="content"):
        await subject.push_manifest(REPOSITORY, manifest, tag="1.0")
    assert await subject.tags(REPOSITORY) == []


async def test_an_index_names_manifests(subject: Registry) -> None:
    pushed = await subject.push_manifest(REPOSITORY, await image(subject))
    index: dict[str, Any] = {"schemaVersion": 2, "mediaType": IMAGE_INDEX}
    stored = await subject.push_manifest(
        REPOSITORY, {**index, "manifests": [pushed.as_json()]}, tag="all"
    )
    assert (await subject.manifest(REPOSITORY, "all")).media_type == IMAGE_INDEX
    assert stored.media_type == IMAGE_INDEX
    absent = Descriptor(IMAGE_MANIFEST, UNKNOWN, 1).as_json()
    with pytest.raises(InvalidInput):
        await subject.push_manifest(REPOSITORY, {**index, "manifests": [absent]})


async def test_referrers_are_listed_by_type_in_a_stable_order(subject: Registry) -> None:
    about = await subject.push_manifest(REPOSITORY, await image(subject))
    one = await attestation(subject, about, "application/one", note="a")
    two = await attestation(subject, about, "application/two")
    other = await attestation(subject, about, "application/two", note="b")
    found = await subject.referrers(REPOSITORY, about.digest)
    assert [d.digest for d in found] == sorted(d.digest for d in (one, two, other))
    of_type = await subject.referrers(REPOSITORY, about.digest, artifact_type="application/one")
    assert of_type == [
        Descriptor(IMAGE_MANIFEST, one.digest, one.size, "application/one", {"note": "a"})
    ]
    assert await subject.referrers(REPOSITORY, one.digest) == []
    assert await subject.referrers("demo/never", UNKNOWN) == []


async def test_a_referrers_type_is_its_configs_when_it_has_no_own(subject: Registry) -> None:
    about = await subject.push_manifest(REPOSITORY, await image(subject))
    manifest = {**await image(subject, b"x"), "subject": about.as_json()}
    await subject.push_manifest(REPOSITORY, manifest)
    assert [d.artifact_type for d in await subject.referrers(REPOSITORY, about.digest)] == [
        IMAGE_CONFIG
    ]


async def test_tags_and_repositories_are_sorted(subject: Registry) -> None:
    assert await subject.tags(REPOSITORY) == []
    assert await subject.repositories() == []
    manifest = await image(subject)
    for tag in ("b", "a", "1.0"):
        await subject.push_manifest(REPOSITORY, manifest, tag=tag)
    assert await subject.tags(REPOSITORY) == ["1.0", "a", "b"]
    assert await subject.repositories() == [REPOSITORY]


@pytest.mark.parametrize("name", ["Demo/hello", "demo", "../etc/passwd", "demo/../x", "", "a/b?c"])
async def test_names_outside_the_grammar_are_refused(subject: Registry, name: str) -> None:
    with pytest.raises(InvalidInput):
        await subject.manifest(name, "1.0")
    with pytest.raises(InvalidInput):
        await subject.push_blob(name, b"", LAYER_GZIP)


@pytest.mark.parametrize("reference", ["", "../x", "sha256:abc", "a b", "x" * 129])
async def test_references_outside_the_grammar_are_refused(
    subject: Registry, reference: str
) -> None:
    with pytest.raises(InvalidInput):
        await subject.manifest(REPOSITORY, reference)
