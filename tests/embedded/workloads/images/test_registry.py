"""Images arrive whole, checked and once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from idp.embedded.workloads.images.reference import Reference, parse
from idp.embedded.workloads.images.registry import RegistryImages
from idp.embedded.workloads.images.unpack import UnpackLimits
from idp.kernel.errors import IdpError, InvalidInput, NotFound, TooLarge, VerificationFailed

HEX = "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"127.0.0.1:8600/a/b@sha256:{HEX}", ("127.0.0.1:8600", "a/b", f"sha256:{HEX}")),
        ("registry.example/a:v1", ("registry.example", "a", "v1")),
        ("localhost/a", ("localhost", "a", "latest")),
        (f"localhost:1/a:v1@sha256:{HEX}", ("localhost:1", "a", f"sha256:{HEX}")),
    ],
)
def test_references(text: str, expected: tuple[str, str, str]) -> None:
    assert parse(text) == Reference(*expected)


@pytest.mark.parametrize(
    "text",
    ["", "nginx", "library/nginx", "x.y/", "x.y/A", "x.y/a@sha256:12", "x.y/../a", "x.y/a:b/c"],
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


async def test_an_image_is_unpacked_once(images: Any, registry: Any, push_image: Any) -> None:
    reference = await push_image("print(1)", StopSignal="INT", User="7:8")
    assert not images.present(reference)
    first, second = await asyncio.gather(images.fetch(reference), images.fetch(reference))
    assert first == second
    assert images.present(reference)
    assert (first.root / "app/main.py").read_text() == "print(1)"
    assert first.identity == reference
    assert first.config.on_host_runtime
    assert (first.config.stop_number, first.config.user) == (2, "7:8")
    assert len(registry.reads) == 1


async def test_a_tag_is_resolved_to_what_really_runs(
    images: Any, registry: Any, push_image: Any
) -> None:
    reference = await push_image("x")
    registry.manifests["v1"] = registry.manifests[reference.partition("@")[2]]
    image = await images.fetch(reference.partition("@")[0] + ":v1")
    assert image.identity == reference


async def test_an_altered_manifest_is_refused(images: Any, registry: Any, push_image: Any) -> None:
    reference = await push_image("x")
    registry.manifests[reference.partition("@")[2]] += b" "
    with pytest.raises(VerificationFailed):
        await images.fetch(reference)
    assert not images.present(reference)


async def test_an_altered_layer_leaves_nothing(
    images: Any, registry: Any, push_image: Any, tmp_path: Path
) -> None:
    reference = await push_image("x")
    for digest, blob in registry.blobs.items():
        if blob.startswith(b"\x1f\x8b"):
            registry.blobs[digest] = blob + b"x"
    with pytest.raises(VerificationFailed):
        await images.fetch(reference)
    assert list((tmp_path / "images").iterdir()) == []


@pytest.mark.parametrize(
    "manifest",
    [
        b"{}",
        b"[]",
        b"nonsense",
        b'{"config": {"digest": 3}}',
        b'{"config": {"digest": "sha256:x"}, "layers": [3]}',
        b'{"config": 5, "layers": {}}',
    ],
)
async def test_a_manifest_that_is_none_is_refused(
    images: Any, registry: Any, manifest: bytes
) -> None:
    import hashlib

    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    registry.manifests[digest] = manifest
    registry.blobs["sha256:x"] = b"{}"
    with pytest.raises(IdpError):
        await images.fetch(f"127.0.0.1:8600/demo/app@{digest}")


async def test_a_layer_over_the_limit_is_not_downloaded(
    registry: Any, push_image: Any, tmp_path: Path
) -> None:
    limits = UnpackLimits(compressed_bytes=10)
    images = RegistryImages(lambda host: registry, data=tmp_path, limits=limits)
    with pytest.raises(TooLarge):
        await images.fetch(await push_image("x"))


async def test_a_missing_image_is_not_found(images: Any) -> None:
    with pytest.raises(NotFound):
        await images.fetch(f"127.0.0.1:8600/demo/app@sha256:{HEX}")


async def test_unused_images_go_and_used_ones_stay(
    images: Any, push_image: Any, tmp_path: Path
) -> None:
    used, old, fresh = [await images.fetch(await push_image(text)) for text in "abc"]
    for image in (used, old):
        os.utime(image.root.parent, (0, 0))
    await images.retain({used.digest}, 3600)
    assert {used.root.exists(), fresh.root.exists()} == {True}
    assert not old.root.exists()


async def test_leftovers_of_a_killed_pull_are_removed(registry: Any, tmp_path: Path) -> None:
    (tmp_path / ".unfinished-x" / "root").mkdir(parents=True)
    RegistryImages(lambda host: registry, data=tmp_path)
    assert list(tmp_path.iterdir()) == []
