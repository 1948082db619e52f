"""Images from OCI registries, unpacked once per digest.

`DATA/<hex of digest>/` holds `root/` and `config.json`; a folder of that name is always complete,
because it is made under another name and renamed. Its modification time says when it was last
used.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path

import orjson

from idp.embedded.workloads.images.manifest import (
    Blob,
    ImageConfiguration,
    ImageManifest,
    read,
)
from idp.embedded.workloads.images.ports import Image, ImageConfig, ImageSource
from idp.embedded.workloads.images.reference import Reference, parse
from idp.embedded.workloads.images.unpack import Unpacker, UnpackLimits
from idp.kernel.errors import InvalidInput, TooLarge, VerificationFailed
from idp.protocols.oci.ports import IMAGE_MANIFEST, Registry

_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG_LIMIT = 4 * 2**20
_UNFINISHED = ".unfinished-"


class RegistryImages(ImageSource):
    """Pulls, checks and unpacks images.

    Args:
        registry: Gives the client for a registry's host, with whatever credentials it needs.
        data: Folder of its own.
        limits: How much an image may unpack to.
    """

    def __init__(
        self,
        registry: Callable[[str], Registry],
        *,
        data: Path,
        limits: UnpackLimits | None = None,
    ) -> None:
        self._registry = registry
        self._data = data
        self._limits = limits or UnpackLimits()
        self._pulls: dict[str, asyncio.Lock] = {}
        data.mkdir(parents=True, exist_ok=True)
        for leftover in data.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def present(self, reference: str) -> bool:
        """Whether the image is on disk; of a tag nobody knows without asking."""
        parsed = parse(reference)
        return parsed.is_digest and self._folder(parsed.version).exists()

    async def fetch(self, reference: str) -> Image:
        """The image of a reference; a tag is resolved each time, a digest only once."""
        parsed = parse(reference)
        digest = parsed.version
        if not parsed.is_digest:
            registry = self._registry(parsed.host)
            digest = (await registry.manifest(parsed.repository, parsed.version)).digest
        folder = self._folder(digest)
        async with self._pulls.setdefault(digest, asyncio.Lock()):
            if not folder.exists():
                await self._pull(self._registry(parsed.host), parsed.repository, digest)
        os.utime(folder)
        config = orjson.loads((folder / "config.json").read_bytes())
        return Image(_identity(parsed, digest), folder / "root", ImageConfig.parse(config))

    async def retain(self, digests: Collection[str], unused_seconds: float) -> None:
        """Remove what is neither used nor was used lately."""
        keep = {self._folder(digest).name for digest in digests}
        oldest = time.time() - unused_seconds
        for folder in self._data.iterdir():
            pulling = self._pulls.get(f"sha256:{folder.name}")
            if folder.name in keep or folder.name.startswith(_UNFINISHED):
                continue
            if (pulling is None or not pulling.locked()) and folder.stat().st_mtime < oldest:
                await asyncio.to_thread(self._remove, folder)

    def _remove(self, folder: Path) -> None:
        """Rename first: a folder with a digest's name is always complete."""
        doomed = self._data / f"{_UNFINISHED}{folder.name}"
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    def _folder(self, digest: str) -> Path:
        return self._data / digest.removeprefix("sha256:")

    async def _pull(self, registry: Registry, repository: str, digest: str) -> None:
        manifest = await _manifest(registry, repository, digest)
        body = await registry.blob(repository, manifest.config.digest, limit=_CONFIG_LIMIT)
        if _digest(body) != manifest.config.digest:
            raise VerificationFailed("the image configuration arrived altered")
        configuration = read(ImageConfiguration, body, "image configuration")
        diff_ids = configuration.rootfs.diff_ids
        if len(diff_ids) != len(manifest.layers):
            raise InvalidInput("the image configuration does not list the image's layers")
        work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._data))
        try:
            root = work / "root"
            root.mkdir()
            unpacker = Unpacker(root, self._limits)
            for layer, diff_id in zip(manifest.layers, diff_ids, strict=True):
                compressed, blob = layer.compressed, work / "layer"
                await self._download(registry, repository, layer, blob)
                await asyncio.to_thread(
                    unpacker.layer, blob, compressed=compressed, diff_id=diff_id
                )
                blob.unlink()
            (work / "config.json").write_text(configuration.config.model_dump_json())
            work.chmod(0o755)
            work.rename(self._folder(digest))
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise

    async def _download(
        self, registry: Registry, repository: str, layer: Blob, target: Path
    ) -> None:
        limit = self._limits.compressed_bytes
        too_large = TooLarge(f"a layer of the image has more than {limit} bytes")
        if layer.size > limit:
            raise too_large
        hashed, size = hashlib.sha256(), 0
        with target.open("wb") as file:
            async for chunk in registry.stream_blob(repository, layer.digest):
                size += len(chunk)
                if size > limit:
                    raise too_large
                hashed.update(chunk)
                file.write(chunk)
        if f"sha256:{hashed.hexdigest()}" != layer.digest:
            raise VerificationFailed(f"the layer {layer.digest} arrived altered")


async def _manifest(registry: Registry, repository: str, digest: str) -> ImageManifest:
    stored = await registry.manifest(repository, digest)
    if _digest(stored.body) != digest:
        raise VerificationFailed(f"the image {repository}@{digest} arrived altered")
    if stored.media_type not in (IMAGE_MANIFEST, _DOCKER_MANIFEST):
        raise InvalidInput(
            f"{repository}@{digest} is a {stored.media_type}, not a single image",
            remedy="Refer to the image of one platform by its own digest.",
        )
    return read(ImageManifest, stored.body, "image manifest")


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _identity(reference: Reference, digest: str) -> str:
    return f"{reference.host}/{reference.repository}@{digest}"
