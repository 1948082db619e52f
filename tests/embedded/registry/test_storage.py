"""Storage: what survives, who wins a race, what is collected, what is found damaged."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from idp.embedded.registry.content import ContentStore
from idp.embedded.registry.errors import UploadIsBusy
from idp.embedded.registry.garbage import GarbageReport, collect_garbage, collect_regularly, verify
from idp.embedded.registry.lock import storage_lock
from idp.embedded.registry.manifests import parse_manifest
from idp.embedded.registry.repositories import Repository
from idp.embedded.registry.uploads import Upload
from idp.kernel.errors import IdpError, NotFound
from idp.protocols.oci.errors import TagIsImmutable
from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_MANIFEST
from idp.protocols.oci.reference import digest_of

DAY = 24 * 3600


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(ContentStore(tmp_path), "demo/hello")


def add_blob(repository: Repository, content: bytes) -> str:
    upload = Upload.start(repository)
    with upload.writing() as file:
        file.write(content)
    upload.finish(digest_of(content))
    return digest_of(content)


def add_manifest(repository: Repository, layer: bytes, tag: str | None = None) -> str:
    add_blob(repository, layer)
    descriptor = {"mediaType": EMPTY_JSON, "digest": digest_of(layer), "size": len(layer)}
    body = orjson.dumps({"schemaVersion": 2, "config": descriptor, "layers": [descriptor]})
    manifest = parse_manifest(body, IMAGE_MANIFEST)
    repository.put_manifest(manifest, body, tag)
    return manifest.digest


def make_old(data: Path) -> None:
    past = time.time() - 2 * DAY
    for path in data.rglob("*"):
        os.utime(path, (past, past))


def test_of_many_writers_of_one_tag_one_wins(repository: Repository) -> None:
    start = threading.Barrier(8)

    def push(number: int) -> str | None:
        start.wait()
        try:
            return add_manifest(repository, f"layer {number}".encode(), "1.0")
        except TagIsImmutable:
            return None

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(push, range(8)))
    winners = [digest for digest in results if digest is not None]
    assert winners == [repository.resolve("1.0")]


def test_one_writer_at_a_time_per_upload(repository: Repository) -> None:
    upload = Upload.start(repository)
    with upload.writing(), pytest.raises(UploadIsBusy), upload.writing():
        pass


def test_an_upload_that_ended_cannot_be_written(repository: Repository) -> None:
    upload = Upload.start(repository)
    upload.cancel()
    with pytest.raises(NotFound, match="no such upload"), upload.writing():
        pass
    assert not upload.path.exists()


async def test_it_is_collected_regularly(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when the disk is full at the first attempt."""
    kept, unused = add_manifest(repository, b"needed", "1.0"), add_blob(repository, b"unused")
    make_old(repository.store.data)
    reports: list[GarbageReport] = []
    loop, collected = asyncio.get_running_loop(), asyncio.Event()

    def collect(data: Path) -> GarbageReport:
        if not reports:
            reports.append(GarbageReport())
            raise OSError(28, "No space left on device")
        reports.append(collect_garbage(data))
        loop.call_soon_threadsafe(collected.set)
        return reports[-1]

    monkeypatch.setattr("idp.embedded.registry.garbage.collect_garbage", collect)
    task = asyncio.create_task(collect_regularly(repository.store.data, first=0, every=0.001))
    await asyncio.wait_for(collected.wait(), 30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert reports[1].blobs == 1
    assert repository.blob_size(unused) is None
    assert repository.manifest("1.0").digest == kept


def test_an_upload_that_is_being_written_is_not_collected(repository: Repository) -> None:
    upload = Upload.start(repository)
    make_old(repository.store.data)
    with upload.writing():
        assert collect_garbage(repository.store.data).uploads == 0
    assert collect_garbage(repository.store.data).uploads == 1


def test_what_nothing_refers_to_is_collected_once_it_is_old(repository: Repository) -> None:
    data = repository.store.data
    kept = add_manifest(repository, b"needed", "1.0")
    unused = add_blob(repository, b"unused")
    Upload.start(repository)
    assert collect_garbage(data, minimum_age=DAY) == collect_garbage(data, minimum_age=DAY)
    assert repository.blob_size(unused) == 6
    make_old(data)
    report = collect_garbage(data, minimum_age=DAY)
    assert (report.links, report.blobs, report.bytes, report.uploads) == (1, 1, 6, 1)
    assert repository.blob_size(unused) is None
    assert repository.manifest("1.0").digest == kept
    assert verify(data) == []


def test_asking_for_a_blob_keeps_it_from_collection(repository: Repository) -> None:
    unused = add_blob(repository, b"unused")
    make_old(repository.store.data)
    assert repository.blob_size(unused) == 6
    assert collect_garbage(repository.store.data).links == 0
    assert repository.blob_size(unused) == 6


def test_content_of_a_deleted_manifest_is_collected(repository: Repository) -> None:
    digest = add_manifest(repository, b"layer", "1.0")
    repository.delete_manifest(digest)
    make_old(repository.store.data)
    assert collect_garbage(repository.store.data).blobs == 2
    assert list(repository.store.digests()) == []


def test_content_that_another_repository_links_stays(repository: Repository) -> None:
    layer = add_blob(repository, b"layer")
    other = Repository(repository.store, "demo/other")
    assert other.link_blob(layer)
    add_manifest(other, b"layer", "1.0")
    make_old(repository.store.data)
    collect_garbage(repository.store.data)
    assert repository.blob_size(layer) is None
    assert other.blob_size(layer) == 5


def test_collection_waits_for_writers(repository: Repository) -> None:
    data, done = repository.store.data, threading.Event()

    def collect() -> None:
        collect_garbage(data)
        done.set()

    with storage_lock(data):
        collector = threading.Thread(target=collect)
        collector.start()
        assert not done.wait(0.05)
    assert done.wait(10)
    collector.join()


def test_nothing_that_was_accepted_is_lost_to_collection_or_deletion(
    repository: Repository,
) -> None:
    """Without any waiting time a push may be refused; an accepted one is whole."""
    data, stop = repository.store.data, threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            collect_garbage(data, minimum_age=0)
            with contextlib.suppress(IdpError):
                repository.delete_blob(digest_of(b"shared layer"))

    def push(number: int) -> bool:
        try:
            add_manifest(repository, b"shared layer", f"tag-{number}")
        except IdpError as refusal:
            return refusal.details["code"] not in ("MANIFEST_BLOB_UNKNOWN", "BLOB_UPLOAD_UNKNOWN")
        return True

    disturber = threading.Thread(target=disturb)
    disturber.start()
    with ThreadPoolExecutor(4) as pool:
        accepted = list(pool.map(push, range(40)))
    stop.set()
    disturber.join()
    assert len(repository.tags()) == accepted.count(True) > 0
    assert verify(data) == []
    for tag in repository.tags():
        assert repository.manifest(tag).body
        assert repository.blob_size(digest_of(b"shared layer")) == len(b"shared layer")


def test_a_manifest_whose_content_is_lost_is_unknown(repository: Repository) -> None:
    digest = add_manifest(repository, b"layer", "1.0")
    repository.store.path(digest).unlink()
    with pytest.raises(NotFound, match="is gone"):
        repository.manifest("1.0")
    assert not repository.link_blob(f"sha256:{'0' * 64}")


def test_a_repository_with_an_unreadable_manifest_is_left_alone(repository: Repository) -> None:
    digest = add_manifest(repository, b"layer", "1.0")
    repository.store.path(digest).write_bytes(b"damaged")
    make_old(repository.store.data)
    report = collect_garbage(repository.store.data)
    assert report.kept_repositories == ["demo/hello"]
    assert report.links == 0


def test_leftovers_of_dead_writers_are_collected(repository: Repository) -> None:
    digest = add_blob(repository, b"x")
    leftover = repository.store.path(digest).with_name(",dead")
    leftover.write_bytes(b"half")
    make_old(repository.store.data)
    collect_garbage(repository.store.data)
    assert not leftover.exists()


def test_damage_is_found(repository: Repository) -> None:
    altered, lost = add_blob(repository, b"altered"), add_blob(repository, b"lost")
    repository.store.path(altered).write_bytes(b"other")
    repository.store.path(lost).unlink()
    problems = verify(repository.store.data)
    assert len(problems) == 2
    assert altered in problems[0]
    assert lost in problems[1]
