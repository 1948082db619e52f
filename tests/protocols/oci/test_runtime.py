from __future__ import annotations

from typing import Any

import orjson
import pytest

from idp.kernel.errors import VerificationFailed
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_INDEX, IMAGE_MANIFEST
from idp.protocols.oci.runtime import BorrowedRuntime, borrowed_runtime, image_labels

REPOSITORY = "demo/hello"


async def push(registry: MemoryRegistry, config: bytes) -> str:
    blob = await registry.push_blob(REPOSITORY, config, IMAGE_CONFIG)
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": blob.as_json(),
        "layers": [],
    }
    return (await registry.push_manifest(REPOSITORY, manifest)).digest


@pytest.mark.parametrize(
    ("config", "labels"),
    [
        ({"config": {"Labels": {"a": "b", "c": 1}}}, {"a": "b"}),
        ({"config": {"Labels": None}}, {}),
        ({"config": []}, {}),
        ([], {}),
    ],
)
async def test_labels_of_an_image(config: Any, labels: dict[str, str]) -> None:
    registry = MemoryRegistry()
    digest = await push(registry, orjson.dumps(config))
    assert await image_labels(registry, REPOSITORY, digest) == labels


async def test_what_is_no_image_is_refused() -> None:
    registry = MemoryRegistry()
    digest = await push(registry, b"{")
    with pytest.raises(VerificationFailed, match="malformed"):
        await image_labels(registry, REPOSITORY, digest)
    index = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": []}
    digest = (await registry.push_manifest(REPOSITORY, index)).digest
    with pytest.raises(VerificationFailed, match="not the image of one platform"):
        await image_labels(registry, REPOSITORY, digest)


def test_what_is_borrowed() -> None:
    assert borrowed_runtime({"org.opencontainers.image.title": "x"}) is None
    labels = {
        "platform.idp/base": "host",
        "platform.idp/runtime": "python",
        "platform.idp/runtime-version": "3.11",
    }
    assert borrowed_runtime(labels) == BorrowedRuntime("host", "python", "3.11")
    assert str(borrowed_runtime(labels)) == "python 3.11"
    assert str(borrowed_runtime({"platform.idp/base": "host"})) == "unknown"
