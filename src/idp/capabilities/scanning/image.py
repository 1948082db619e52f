"""The files of an image, read from the registry without trusting any of it.

Rules:
1. An image of one platform, with layers of tar or gzipped tar. Other forms are refused by name.
2. Layers apply in order: a later file replaces an earlier one, a whiteout removes it (OCI image
   spec, "layer"). Hard links are the file they name; symbolic links and devices are left out.
3. Nothing is written under a name from the image: content that is kept lies under its digest, and
   only `copy_tree` makes names, after checking that each stays inside.
4. Everything is limited: bytes before and after decompression, number of entries, one file's size,
   and what the archive's own headers may ask to have read at once.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import orjson

from idp.kernel.errors import IdpError, Invalid, TooLarge, VerificationFailed
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST, LAYER_GZIP, Registry

LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"
MAX_LAYERS = 128
MAX_LAYER_BYTES = 2 * 2**30
MAX_UNPACKED_BYTES = 4 * 2**30
MAX_ENTRIES = 500_000
MAX_KEPT_BYTES = 512 * 2**20
_MAX_READ = 4 * 2**20
_CHUNK = 2**20
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


@dataclass(frozen=True, slots=True)
class File:
    """A regular file in an image.

    Attributes:
        size: Bytes.
        sha256: Hexadecimal.
        kept: Where its content lies; None when it was not asked for.
    """

    size: int
    sha256: str
    kept: Path | None = None


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
        return (self.config.get("config") or {}).get("Labels") or {}

    @property
    def working_directory(self) -> str:
        """Where the application lives, without slashes at its ends; empty for the root."""
        return str((self.config.get("config") or {}).get("WorkingDir") or "").strip("/")

    def is_own(self, path: str) -> bool:
        """Whether a file is the application's own: below its directory, not an installed package.

        An image whose application lives in the root has no files that are known to be its own.
        """
        place = self.working_directory
        packages = {"site-packages", "dist-packages", "node_modules"}
        return (
            bool(place)
            and path.startswith(f"{place}/")
            and not packages.intersection(path.split("/"))
        )


@dataclass
class _Unpacked:
    """What the layers read so far amount to."""

    folder: Path
    wanted: Callable[[str], bool]
    files: dict[str, File] = field(default_factory=dict)
    entries: int = 0
    kept: int = 0


async def read_image(
    registry: Registry,
    repository: str,
    digest: str,
    folder: Path,
    wanted: Callable[[Image, str], bool],
) -> Image:
    """Read an image.

    Args:
        registry: Where it is.
        repository: `namespace/name`.
        digest: Of its manifest.
        folder: Where content is kept; the caller removes it.
        wanted: Says of which files (by path) the content is kept.

    Raises:
        Invalid: The image has a form that is not supported, or is malformed.
        TooLarge: It is over a limit.
        VerificationFailed: A layer does not match its digest.
    """
    manifest = await _manifest(registry, repository, digest)
    config = await registry.blob(repository, manifest["config"]["digest"], limit=_MAX_READ)
    image = Image(repository, digest, _object(config, "the image's configuration"), {})
    unpacked = _Unpacked(folder, lambda path: wanted(image, path), image.files)
    for layer in manifest["layers"]:
        with tempfile.TemporaryFile(dir=folder) as file:
            await _download(registry, repository, layer["digest"], file)
            await asyncio.to_thread(_unpack, file, layer["mediaType"], unpacked)
    return image


def copy_tree(image: Image, chosen: Callable[[str], bool], folder: Path) -> int:
    """Lay out kept files by their names below an empty folder.

    Returns:
        How many files there are.
    """
    count = 0
    for path, file in image.files.items():
        if file.kept is not None and chosen(path):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.kept, target)
            count += 1
    return count


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


async def _download(registry: Registry, repository: str, digest: str, file: IO[bytes]) -> None:
    size = 0
    async for chunk in registry.stream_blob(repository, digest):
        size += len(chunk)
        if size > MAX_LAYER_BYTES:
            raise TooLarge(f"layer {digest} has more than {MAX_LAYER_BYTES} bytes")
        await asyncio.to_thread(file.write, chunk)
    file.seek(0)


class _Limited:
    """A readable file that refuses to be read too far, or too much at once (rule 4)."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_READ:
            raise TooLarge(f"an archive header asks for {size} bytes at once")
        self._within(self._file.tell() + size)
        return self._file.read(size)

    def seek(self, position: int, whence: int = 0) -> int:
        self._within(position)
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()

    @staticmethod
    def _within(position: int) -> None:
        if position > MAX_UNPACKED_BYTES + _MAX_READ:
            raise TooLarge(f"a layer unpacks to more than {MAX_UNPACKED_BYTES} bytes")


def _unpack(file: IO[bytes], media_type: str, into: _Unpacked) -> None:
    content = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if media_type == LAYER_GZIP else file
    try:
        with tarfile.open(fileobj=cast(IO[bytes], _Limited(content)), mode="r:") as archive:
            for member in archive:
                into.entries += 1
                if into.entries > MAX_ENTRIES:
                    raise TooLarge(f"the image has more than {MAX_ENTRIES} entries")
                _apply(archive, member, into)
                archive.members = []  # type: ignore[attr-defined]  # else all headers stay in memory
    except IdpError:
        raise
    except (tarfile.TarError, EOFError, OSError, ValueError, RecursionError) as error:
        raise Invalid(f"a layer is not a whole archive: {error}") from error


def _apply(archive: tarfile.TarFile, member: tarfile.TarInfo, into: _Unpacked) -> None:
    path = _clean(member.name)
    name = PurePosixPath(path).name
    if name == _OPAQUE:
        _remove_below(into, str(PurePosixPath(path).parent))
    elif name.startswith(_WHITEOUT):
        removed = str(PurePosixPath(path).with_name(name.removeprefix(_WHITEOUT)))
        into.files.pop(removed, None)
        _remove_below(into, removed)
    elif member.isreg():
        into.files[path] = _read(archive, member, path, into)
    elif member.islnk():
        into.files[path] = _linked(member, into)
    else:
        into.files.pop(path, None)


def _clean(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        raise Invalid(f"the image has a file with the name {name!r:.200}")
    return "/".join(parts)


def _remove_below(into: _Unpacked, folder: str) -> None:
    prefix = "" if folder == "." else f"{folder}/"
    for path in [path for path in into.files if path.startswith(prefix)]:
        del into.files[path]


def _linked(member: tarfile.TarInfo, into: _Unpacked) -> File:
    target = _clean(member.linkname)
    if target not in into.files:
        raise Invalid(f"the image has a link to {target!r:.200}, which is not in it")
    return into.files[target]


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, into: _Unpacked) -> File:
    source = archive.extractfile(member)
    if source is None:
        raise VerificationFailed(f"{path} cannot be read from its layer")
    keep = into.wanted(path)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=into.folder, delete=False) as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            if keep:
                into.kept += len(chunk)
                if into.kept > MAX_KEPT_BYTES:
                    raise TooLarge(f"the files to scan have more than {MAX_KEPT_BYTES} bytes")
                target.write(chunk)
    kept = Path(target.name)
    if not keep:
        kept.unlink()
    return File(member.size, digest.hexdigest(), kept if keep else None)
