"""The files of an image, read from the registry.

Rules:
1. An image of one platform, with layers of tar or gzipped tar. Other forms are refused by name.
2. How layers apply, and what is not trusted in them: see `layers`.
3. Names from the image reach the disk only in `lay_out`, after `layers` made sure that each stays
   inside.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from idp.capabilities.scanning.layers import File, Unpacker
from idp.kernel.errors import Invalid, TooLarge
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST, LAYER_GZIP, Registry

LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"
MAX_LAYERS = 128
MAX_LAYER_BYTES = 2 * 2**30
MAX_CONFIG_BYTES = 4 * 2**20

_PACKAGES = {"site-packages", "dist-packages", "node_modules"}


@dataclass(frozen=True, slots=True)
class Image:
    """What an image holds.

    Attributes:
        repository: `namespace/name`.
        digest: Of its manifest.
        config: The image's configuration (OCI `image config`).
        files: Path without a leading slash -> file.
    """

    repository: str
    digest: str
    config: dict[str, Any]
    files: dict[str, File]

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the configuration."""
        return _labels(self.config)

    @property
    def working_directory(self) -> str:
        """Where the application lives, without slashes at its ends; empty for the root."""
        return _working_directory(self.config)

    def is_own(self, path: str) -> bool:
        """Whether a file is the application's own (see `is_own`)."""
        return is_own(self.working_directory, path)


def is_own(place: str, path: str) -> bool:
    """Whether a file is the application's own: below its directory, not an installed package.

    An image whose application lives in the root has no files that are known to be its own.
    """
    inside = bool(place) and path.startswith(f"{place}/")
    return inside and not _PACKAGES.intersection(path.split("/"))


async def read_image(
    registry: Registry,
    repository: str,
    digest: str,
    folder: Path,
    wanted: Callable[[str], bool],
) -> Image:
    """Read an image.

    Args:
        registry: Where it is.
        repository: `namespace/name`.
        digest: Of its manifest.
        folder: Where content is kept; the caller removes it.
        wanted: Says of which paths the content is kept besides the application's own files.

    Raises:
        Invalid: The image has a form that is not supported, or is malformed.
        TooLarge: It is over a limit.
        VerificationFailed: Content does not match its digest.
    """
    manifest = await _manifest(registry, repository, digest)
    blob = await registry.blob(repository, manifest["config"]["digest"], limit=MAX_CONFIG_BYTES)
    config = _object(blob, "the image's configuration")
    place = _working_directory(config)
    unpacker = Unpacker(folder, lambda path: wanted(path) or is_own(place, path))
    for layer in manifest["layers"]:
        with tempfile.TemporaryFile(dir=folder) as file:
            await _download(registry, repository, layer["digest"], file)
            gzipped = layer["mediaType"] == LAYER_GZIP
            await asyncio.to_thread(unpacker.apply, file, gzipped=gzipped)
    return Image(repository, digest, config, unpacker.files)


def lay_out(image: Image, folder: Path) -> None:
    """Lay out the application's own files by their names below a folder on the same disk.

    Raises:
        Invalid: A name is too long for this machine's disk.
    """
    for path, file in image.files.items():
        if file.kept is None or not image.is_own(path):
            continue
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(file.kept, target)
        except OSError as error:
            raise Invalid(f"/{path:.200} cannot be laid out: {error.strerror}") from error


async def _manifest(registry: Registry, repository: str, digest: str) -> dict[str, Any]:
    stored = await registry.manifest(repository, digest)
    if stored.media_type != IMAGE_MANIFEST:  # Rule 1
        raise Invalid(
            f"{repository}@{digest} is of type {stored.media_type}, which cannot be scanned",
            remedy="Scan the OCI image manifest of one platform, not an index or another artifact.",
        )
    manifest = _object(stored.body, "the image's manifest")
    try:
        layers = [(layer["mediaType"], layer["digest"]) for layer in manifest["layers"]]
        config_type = manifest["config"]["mediaType"]
    except (KeyError, TypeError) as error:
        raise Invalid(f"{repository}@{digest} is not a whole image manifest") from error
    if config_type != IMAGE_CONFIG:
        raise Invalid(f"{repository}@{digest} is no image: its configuration is {config_type}")
    if unknown := {media_type for media_type, _ in layers} - {LAYER_GZIP, LAYER_TAR}:
        raise Invalid(f"layers of type {', '.join(sorted(unknown))} cannot be scanned")
    if len(layers) > MAX_LAYERS:
        raise TooLarge(f"the image has {len(layers)} layers, more than {MAX_LAYERS}")
    return manifest


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"{what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Invalid(f"{what} is not a JSON object")
    return value


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    settings = config.get("config")
    return settings if isinstance(settings, dict) else {}


def _labels(config: dict[str, Any]) -> dict[str, str]:
    labels = _settings(config).get("Labels")
    found = labels if isinstance(labels, dict) else {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _working_directory(config: dict[str, Any]) -> str:
    return str(_settings(config).get("WorkingDir") or "").strip("/")


async def _download(registry: Registry, repository: str, digest: str, file: IO[bytes]) -> None:
    size = 0
    async for chunk in registry.stream_blob(repository, digest):
        size += len(chunk)
        if size > MAX_LAYER_BYTES:
            raise TooLarge(f"layer {digest} has more than {MAX_LAYER_BYTES} bytes")
        await asyncio.to_thread(file.write, chunk)
    file.seek(0)
