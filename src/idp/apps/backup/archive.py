"""The file: a gzipped tar whose first member says what must be in it.

`manifest.json` lists every file with its size and SHA-256. Nothing is taken from an archive that
holds a file more, a file less, or another byte than the list says.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import IO

import pydantic

from idp.apps.backup.contents import Kind
from idp.kernel.errors import AlreadyExists, InvalidInput, MissingPrerequisite, VerificationFailed
from idp.kernel.files import PRIVATE, sync_folder

FORMAT = 1
"""Of the archive; one with a higher number was written by a newer version."""
MANIFEST = "manifest.json"
_MANIFEST_LIMIT = 1024 * 1024
_CHUNK = 1024 * 1024
_PATHS = r"^(apiserver/[\w.-]+|history\.db|keys/[\w./-]+)$"


class Entry(pydantic.BaseModel, extra="forbid", frozen=True):
    """A file in a backup."""

    path: str = pydantic.Field(pattern=_PATHS)
    size: int = pydantic.Field(ge=0)
    sha256: str = pydantic.Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(pydantic.BaseModel, extra="forbid", frozen=True):
    """What a backup says of itself.

    Attributes:
        format: Of the archive.
        version: Of the program that wrote it.
        kind: What was backed up.
        name: Of the environment; empty for a server alone.
        identity: Which instance it was: see `contents.identity`.
        created: When, RFC 3339.
        files: All of them.
    """

    format: int
    version: str
    kind: Kind
    name: str
    identity: str
    created: str
    files: tuple[Entry, ...]


def describe(files: Mapping[str, Path], kind: Kind, name: str, owner: str, now: str) -> Manifest:
    """The manifest of files, given by their names in the archive."""
    entries = tuple(
        Entry(path=inside, size=path.stat().st_size, sha256=_digest(path))
        for inside, path in files.items()
    )
    return Manifest(
        format=FORMAT,
        version=version("idp"),
        kind=kind,
        name=name,
        identity=owner,
        created=now,
        files=entries,
    )


def write(file: Path, manifest: Manifest, files: Mapping[str, Path]) -> None:
    """Write a backup, for its owner only; it is whole or absent.

    Raises:
        AlreadyExists: The file is there.
        MissingPrerequisite: It cannot be written.
    """
    if file.exists():
        raise AlreadyExists(f"{file} exists", remedy="Choose another name, or remove it first.")
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(descriptor, "wb") as output:
            with (
                gzip.GzipFile(filename="", fileobj=output, mode="wb", compresslevel=1) as packed,
                tarfile.open(fileobj=packed, mode="w") as archive,
            ):
                _add(archive, MANIFEST, io.BytesIO(content := manifest.model_dump_json().encode()))
                del content
                for inside, path in files.items():
                    with path.open("rb") as source:
                        _add(archive, inside, source)
            output.flush()
            os.fsync(output.fileno())
        read(partial)
        partial.rename(file)
        sync_folder(file.parent)
    except OSError as error:
        raise MissingPrerequisite(
            f"{file} cannot be written: {error}",
            remedy="Choose a folder that exists and has room.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _add(archive: tarfile.TarFile, inside: str, source: IO[bytes]) -> None:
    member = tarfile.TarInfo(inside)
    member.size = source.seek(0, os.SEEK_END)
    member.mode = PRIVATE
    source.seek(0)
    archive.addfile(member, source)


def read(file: Path, into: Path | None = None) -> Manifest:
    """Check a backup, and unpack it when a folder is given.

    Args:
        file: The backup.
        into: A folder of its own; what is in it counts only when this returns.

    Raises:
        InvalidInput: It is no backup.
        MissingPrerequisite: A newer version wrote it, or it is not there.
        VerificationFailed: It is damaged.
    """
    try:
        with file.open("rb") as opened:
            if opened.read(2) != b"\x1f\x8b":
                raise _no_backup(file)
        with gzip.open(file) as packed, tarfile.open(fileobj=packed, mode="r|") as archive:
            manifest = _manifest(archive, file)
            _take(archive, manifest, into)
            while packed.read(_CHUNK):  # to the end, where gzip's own checksum is
                pass
        return manifest
    except FileNotFoundError as error:
        raise MissingPrerequisite(
            f"there is no {file}", remedy="Give the path of a backup."
        ) from error
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(file, str(error)) from error


def _manifest(archive: tarfile.TarFile, file: Path) -> Manifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or first.size > _MANIFEST_LIMIT:
        raise _no_backup(file)
    source = archive.extractfile(first)
    assert source is not None
    content = source.read()
    try:
        head = pydantic.TypeAdapter(dict[str, pydantic.JsonValue]).validate_json(content)
        if isinstance(found := head.get("format"), int) and found > FORMAT:
            raise MissingPrerequisite(
                f"{file} has format {found}, this version knows {FORMAT}: "
                f"version {head.get('version')} wrote it",
                remedy="Restore it with that version, or a later one.",
            )
        return Manifest.model_validate_json(content)
    except pydantic.ValidationError as error:
        raise _damaged(file, "its manifest cannot be read") from error


def _take(archive: tarfile.TarFile, manifest: Manifest, into: Path | None) -> None:
    missing = {entry.path: entry for entry in manifest.files}
    while (member := archive.next()) is not None:
        entry = missing.pop(member.name, None)
        source = archive.extractfile(member) if member.isreg() else None
        if entry is None or source is None or member.size != entry.size:
            raise tarfile.TarError(f"{member.name} is not what the manifest lists")
        digest = hashlib.sha256()
        target = _create(into / entry.path) if into is not None else None
        try:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                if target is not None:
                    target.write(chunk)
            if target is not None:
                target.flush()
                os.fsync(target.fileno())
        finally:
            if target is not None:
                target.close()
        if digest.hexdigest() != entry.sha256:
            raise tarfile.TarError(f"{entry.path} has another SHA-256 than the manifest lists")
    if missing:
        raise tarfile.TarError(f"{', '.join(sorted(missing))} is missing")


def _create(path: Path) -> IO[bytes]:
    if ".." in path.parts:
        raise tarfile.TarError(f"{path.name} is not what the manifest lists")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _no_backup(file: Path) -> InvalidInput:
    return InvalidInput(f"{file} is no backup", remedy="`idp-cli instance backup` writes one.")


def _damaged(file: Path, why: str) -> VerificationFailed:
    return VerificationFailed(
        f"{file} is damaged: {why}", remedy="Take another copy of it, or an older backup."
    )
