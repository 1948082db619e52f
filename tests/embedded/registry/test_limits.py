"""Too much content, and no room: refused with a remedy, nothing left."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest

from idp.embedded.registry.service import Limits
from idp.embedded.registry.uploads import Upload
from idp.kernel.errors import TooLarge, Unavailable
from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_MANIFEST, LAYER_GZIP
from idp.protocols.oci.reference import digest_of

REPOSITORY = "demo/hello"
UPLOADS = f"/v2/{REPOSITORY}/blobs/uploads/"


def kept(data: Path) -> list[Path]:
    return [path for path in data.rglob("*") if path.is_file() and path.name != "lock"]


@pytest.fixture
async def small(start_registry: Any) -> Any:
    return await start_registry(limits=Limits(blob=2**21, manifest=2**10))


@pytest.fixture
async def http(small: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=small.url, auth=("admin", "admin-password"), trust_env=False
    ) as client:
        yield client


async def test_a_blob_at_the_limit_is_kept(small: Any) -> None:
    async with HttpRegistry(small.remote()) as client:
        await client.push_blob(REPOSITORY, bytes(2**21), LAYER_GZIP)


async def test_a_blob_over_the_limit_is_refused_before_it_is_sent(small: Any) -> None:
    async with HttpRegistry(small.remote()) as client:
        with pytest.raises(TooLarge, match="larger than 2097152") as refusal:
            await client.push_blob(REPOSITORY, bytes(2**21 + 1), LAYER_GZIP)
    assert refusal.value.remedy
    assert kept(small.data) == []


async def test_a_blob_that_does_not_announce_its_size_is_cut_off(
    http: httpx.AsyncClient, small: Any
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield bytes(2**16)

    location = (await http.post(UPLOADS)).headers["Location"]
    answer = await http.patch(location, content=endless())
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "SIZE_INVALID"
    assert kept(small.data) == []


async def test_chunks_count_together(http: httpx.AsyncClient, small: Any) -> None:
    location = (await http.post(UPLOADS)).headers["Location"]
    assert (await http.patch(location, content=bytes(2**20))).status_code == 202
    assert (await http.patch(location, content=bytes(2**20))).status_code == 202
    digest = digest_of(bytes(2**21 + 1))
    answer = await http.put(f"{location}?digest={digest}", content=b"\0")
    assert answer.status_code == 413
    assert kept(small.data) == []


async def test_a_manifest_over_the_limit_is_refused(small: Any) -> None:
    async with HttpRegistry(small.remote()) as client:
        empty = (await client.push_blob(REPOSITORY, b"{}", EMPTY_JSON)).as_json()
        manifest = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": empty,
            "layers": [empty],
            "annotations": {"long": "x" * 2**10},
        }
        with pytest.raises(TooLarge):
            await client.push_manifest(REPOSITORY, manifest, tag="1.0")


async def test_a_full_disk_keeps_nothing_of_a_blob(
    registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def full(self: Upload) -> Iterator[BinaryIO]:
        with Path("/dev/full").open("ab", buffering=0) as file:
            yield file

    monkeypatch.setattr(Upload, "writing", full)
    async with HttpRegistry(registry.remote()) as client:
        with pytest.raises(Unavailable, match="disk is full") as refusal:
            await client.push_blob(REPOSITORY, bytes(3 * 2**20), LAYER_GZIP)
    assert "Free space" in (refusal.value.remedy or "")
    assert kept(registry.data) == []


async def test_a_full_disk_keeps_nothing_of_a_manifest(
    registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with HttpRegistry(registry.remote()) as client:
        empty = (await client.push_blob(REPOSITORY, b"{}", EMPTY_JSON)).as_json()
        before = kept(registry.data)

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        manifest = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": empty,
            "layers": [empty],
        }
        with pytest.raises(Unavailable, match="disk is full"):
            await client.push_manifest(REPOSITORY, manifest, tag="1.0")
        assert kept(registry.data) == before
        monkeypatch.undo()
        await client.push_manifest(REPOSITORY, manifest, tag="1.0")
