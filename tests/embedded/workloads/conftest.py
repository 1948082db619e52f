"""A registry in memory, images made on the spot, and an engine that runs during a test."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.embedded.workloads.engine import WorkloadEngine
from idp.embedded.workloads.images.registry import RegistryImages
from idp.embedded.workloads.pods.orphans import stop_everything
from idp.embedded.workloads.settings import WorkloadSettings
from idp.kernel.errors import NotFound, TooLarge
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import POD
from idp.protocols.oci.ports import (
    IMAGE_CONFIG,
    IMAGE_MANIFEST,
    LAYER_GZIP,
    Descriptor,
    Registry,
    StoredManifest,
)

HOST = "127.0.0.1:8600"
Until = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
PushImage = Callable[..., Awaitable[str]]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class FakeRegistry(Registry):
    """Blobs and manifests of all repositories in one place; counts what is read."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    async def manifest(self, repository: str, reference: str) -> StoredManifest:
        self.reads.append(reference)
        if reference not in self.manifests:
            raise NotFound(f"{repository}: no manifest {reference}")
        body = self.manifests[reference]
        return StoredManifest(body, IMAGE_MANIFEST, digest_of(body))

    async def blob(self, repository: str, digest: str, *, limit: int = 64 * 2**20) -> bytes:
        content = self.blobs[digest]
        if len(content) > limit:
            raise TooLarge("too large")
        return content

    async def stream_blob(self, repository: str, digest: str) -> AsyncIterator[bytes]:
        content = self.blobs[digest]
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    async def push_blob(self, repository: str, content: bytes, media_type: str) -> Descriptor:
        self.blobs[digest_of(content)] = content
        return Descriptor(media_type, digest_of(content), len(content))

    async def push_manifest(
        self, repository: str, manifest: Mapping[str, Any], *, tag: str | None = None
    ) -> Descriptor:
        body = orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)
        for key in filter(None, (digest_of(body), tag)):
            self.manifests[key] = body
        return Descriptor(IMAGE_MANIFEST, digest_of(body), len(body))

    async def referrers(
        self, repository: str, digest: str, *, artifact_type: str | None = None
    ) -> list[Descriptor]:
        return []

    async def tag(self, repository: str, digest: str, tag: str) -> None:
        raise AssertionError("workloads tag nothing")

    async def tags(self, repository: str) -> list[str]:
        return []

    async def repositories(self) -> list[str]:
        return []


def tar_of(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def push_layers(registry: FakeRegistry) -> PushImage:
    """Store an image of plain tar layers; returns its reference by digest."""

    async def push(layers: list[bytes], *, media_type: str = "", **config: Any) -> str:
        import gzip

        compressed = [gzip.compress(layer, mtime=0) for layer in layers]
        described = [await registry.push_blob("demo/app", c, LAYER_GZIP) for c in compressed]
        body = {
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]},
        }
        stored = await registry.push_blob("demo/app", orjson.dumps(body), IMAGE_CONFIG)
        manifest = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": stored.as_json(),
            "layers": [layer.as_json() for layer in described],
        }
        pushed = await registry.push_manifest("demo/app", manifest)
        return f"{HOST}/demo/app@{pushed.digest}"

    return push


@pytest.fixture
def push_image(push_layers: PushImage) -> PushImage:
    """Store an application image for the host's runtime, as the platform builds them."""

    async def push(script: str = "", **config: Any) -> str:
        defaults: dict[str, Any] = {
            "Cmd": ["python3", "/app/main.py"],
            "WorkingDir": "/app",
            "Env": ["PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"],
            "Labels": {"platform.idp/base": "host"},
        }
        return await push_layers([tar_of({"app/main.py": script})], **{**defaults, **config})

    return push


@pytest.fixture
def until() -> Until:
    """Ask until the answer is truthy; the test's own timeout ends a hopeless wait."""

    async def wait(ask: Callable[[], Awaitable[Any]]) -> Any:
        while not (answer := await ask()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return answer

    return wait


@pytest.fixture
def client() -> MemoryClient:
    return MemoryClient()


@pytest.fixture
def images(registry: FakeRegistry, tmp_path: Path) -> RegistryImages:
    return RegistryImages(lambda host: registry, data=tmp_path / "images")


@dataclass
class Machine:
    """One machine's engine, which can be stopped and started again over the same data."""

    client: MemoryClient
    data: Path
    images: RegistryImages
    settings: WorkloadSettings
    until: Until
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        engine = WorkloadEngine(
            self.client, data=self.data, images=self.images, settings=self.settings
        )
        self.task = asyncio.create_task(engine.run())

    async def stop(self) -> None:
        assert self.task is not None
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    async def object(self, type: ResourceType, name: str) -> Manifest:
        return await self.client.get(type, name, "demo")

    async def pods(self) -> list[Manifest]:
        return (await self.client.list(POD, "demo")).items

    async def when(
        self, type: ResourceType, name: str, holds: Callable[[Manifest], Any]
    ) -> Manifest:
        """Wait until an object exists and something holds of it."""

        async def ask() -> Manifest | None:
            with contextlib.suppress(NotFound, KeyError, IndexError):
                found = await self.object(type, name)
                return found if holds(found) else None
            return None

        found: Manifest = await self.until(ask)
        return found

    async def pod(self, name: str, spec: Manifest, **metadata: Any) -> Manifest:
        meta = {"name": name, "namespace": "demo", **metadata}
        return await self.client.create(POD, {"metadata": meta, "spec": spec})


@pytest.fixture
async def machine(
    client: MemoryClient, images: RegistryImages, tmp_path: Path, until: Until
) -> AsyncIterator[Machine]:
    settings = WorkloadSettings(
        drain_seconds=0.1, restart_base_seconds=0.2, housekeeping_seconds=0.2
    )
    machine = Machine(client, tmp_path / "workloads", images, settings, until)
    machine.start()
    yield machine
    await machine.stop()
    await stop_everything(machine.data, grace=0.1)
