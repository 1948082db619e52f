from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.capabilities.scanning.advisories import AdvisoryDatabase
from idp.capabilities.scanning.workspace import Workspace
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST, LAYER_GZIP

Files = Mapping[str, bytes]

BUILT: dict[str, Any] = {
    "architecture": "amd64",
    "os": "linux",
    "created": "2026-11-20T10:00:00Z",
    "config": {
        "WorkingDir": "/app",
        "Labels": {
            "platform.idp/base": "host",
            "platform.idp/runtime": "python",
            "platform.idp/runtime-version": "3.11",
        },
    },
}


class Images:
    """Makes images in a registry."""

    def __init__(self) -> None:
        self.registry = MemoryRegistry()
        self.built = BUILT

    @staticmethod
    def layer(entries: Sequence[tarfile.TarInfo], contents: Files) -> bytes:
        """A gzipped layer of given entries; contents by name."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for entry in entries:
                archive.addfile(entry, io.BytesIO(contents.get(entry.name, b"")))
        return gzip.compress(buffer.getvalue(), mtime=0)

    @classmethod
    def layer_of(cls, files: Files) -> bytes:
        """A gzipped layer of regular files."""
        entries = []
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entries.append(entry)
        return cls.layer(entries, files)

    async def push(
        self,
        *layers: bytes,
        config: Mapping[str, Any] = BUILT,
        media_type: str = LAYER_GZIP,
        repository: str = "demo/hello",
    ) -> str:
        """Store an image; its digest."""
        stored = await self.registry.push_blob(repository, orjson.dumps(config), IMAGE_CONFIG)
        blobs = [await self.registry.push_blob(repository, data, media_type) for data in layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": stored.as_json(),
            "layers": [blob.as_json() for blob in blobs],
        }
        return (await self.registry.push_manifest(repository, manifest)).digest

    @staticmethod
    def distribution(name: str, version: str, *lines: str) -> dict[str, bytes]:
        """The files of an installed distribution."""
        folder = f"app/site-packages/{name}-{version}.dist-info"
        head = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *lines]
        return {
            f"{folder}/METADATA": "\n".join([*head, "", "Long text."]).encode(),
            f"{folder}/RECORD": f"{name}/__init__.py,sha256=x,1\n".encode(),
            f"app/site-packages/{name}/__init__.py": b"import os\n",
        }


@pytest.fixture
def images() -> Images:
    return Images()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "work")


@pytest.fixture
def advisories(tmp_path: Path) -> Iterator[AdvisoryDatabase]:
    opened = AdvisoryDatabase(tmp_path / "advisories.db")
    yield opened
    opened.close()
