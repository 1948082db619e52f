from __future__ import annotations

from typing import Any

import orjson
import pytest

from idp.capabilities.promotion.artifact import (
    RELEASE_LIMIT,
    RELEASE_MEDIA_TYPE,
    fetch,
    publish,
)
from idp.kernel.errors import Conflict, VerificationFailed
from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_MANIFEST

REPOSITORY = "demo/hello"


async def push(bench: Any, content: bytes, tag: str = "release-r1-0000000", **changes: Any) -> str:
    config = await bench.registry.push_blob(REPOSITORY, b"{}", EMPTY_JSON)
    layer = await bench.registry.push_blob(REPOSITORY, content, RELEASE_MEDIA_TYPE)
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": RELEASE_MEDIA_TYPE,
        "config": config.as_json(),
        "layers": [layer.as_json()],
        **changes,
    }
    pushed = await bench.registry.push_manifest(REPOSITORY, manifest, tag=tag)
    return str(pushed.digest)


def content(bench: Any, **changes: Any) -> bytes:
    spec = bench.spec(**changes)
    del spec["digest"]
    return orjson.dumps(spec)


async def test_what_is_published_is_fetched(bench: Any) -> None:
    spec = bench.spec()
    del spec["digest"]
    digest = await publish(bench.registry, spec, REPOSITORY, spec["version"], bench.key)
    by_tag = await fetch(bench.registry, REPOSITORY, f"release-{spec['version']}")
    assert by_tag == await fetch(bench.registry, REPOSITORY, digest)
    assert by_tag.digest == digest


async def test_publishing_twice_changes_nothing_and_other_content_conflicts(bench: Any) -> None:
    spec = bench.spec()
    del spec["digest"]
    first = await publish(bench.registry, spec, REPOSITORY, spec["version"], bench.key)
    assert await publish(bench.registry, spec, REPOSITORY, spec["version"], bench.key) == first
    other = {**spec, "applicationSpec": {"port": 1}}
    with pytest.raises(Conflict):
        await publish(bench.registry, other, REPOSITORY, spec["version"], bench.key)


async def test_whoever_sees_the_tag_sees_the_signature(bench: Any) -> None:
    spec = bench.spec()
    del spec["digest"]
    order: list[str] = []
    push_manifest = bench.registry.push_manifest

    async def noting(repository: str, manifest: Any, *, tag: str | None = None) -> Any:
        order.append(tag or ("refers" if "subject" in manifest else "release"))
        return await push_manifest(repository, manifest, tag=tag)

    bench.registry.push_manifest = noting
    await publish(bench.registry, spec, REPOSITORY, spec["version"], bench.key)
    release, *signed, tagged = order
    assert (release, tagged) == ("release", f"release-{spec['version']}")
    # The signature in both forms: as a bundle that refers to the release, and under cosign's tag.
    assert signed.count("refers") == 2
    assert sum(tag.endswith(".sig") for tag in signed) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"artifactType": "application/other"}, "it holds application/other"),
        ({"layers": []}, "another shape"),
        ({"annotations": {"x": "y" * 70_000}}, "its manifest has 70"),
    ],
    ids=str,
)
async def test_another_artifact_is_no_release(bench: Any, changes: Any, said: str) -> None:
    digest = await push(bench, content(bench), **changes)
    with pytest.raises(VerificationFailed, match=said):
        await fetch(bench.registry, REPOSITORY, digest)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[]", "not a JSON object"),
        (b"{", "not a JSON object"),
        (b"{}", "application: Field required"),
        (b"x" * (RELEASE_LIMIT + 1), "are allowed"),
    ],
    ids=["list", "broken", "empty", "large"],
)
async def test_content_is_checked_before_it_is_believed(bench: Any, body: bytes, said: str) -> None:
    digest = await push(bench, body)
    with pytest.raises(VerificationFailed, match=said):
        await fetch(bench.registry, REPOSITORY, digest)


async def test_an_unknown_field_is_named(bench: Any) -> None:
    digest = await push(bench, content(bench, colour="red"))
    with pytest.raises(VerificationFailed, match="colour: Extra inputs"):
        await fetch(bench.registry, REPOSITORY, digest)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"repository": "demo/other"}, "it belongs to demo/other"),
        ({"application": "other"}, "it is of application other"),
        ({"version": "r2-0000000"}, "it is version r2-0000000"),
        (
            {"image": f"127.0.0.1:8600/evil/image@sha256:{1:064x}"},
            "its image is in 127.0.0.1:8600/evil/image",
        ),
    ],
    ids=str,
)
async def test_a_release_at_another_place_is_a_replay(bench: Any, changes: Any, said: str) -> None:
    await push(bench, content(bench, **{"version": "r1-0000000", **changes}))
    with pytest.raises(VerificationFailed, match=said):
        await fetch(bench.registry, REPOSITORY, "release-r1-0000000")
