"""Layers of an image, applied one after the other without trusting any of them.

Rules:
1. Within a layer a later entry of the same name counts. A whiteout removes what lower layers hold,
   never what its own layer holds, wherever in the layer it stands (OCI image spec, "layer"): the
   scanner must see every file that a runtime sees.
2. A file replaces a folder of its name and the other way round. Hard links are the file that they
   name; symbolic links and devices are left out; sparse files are refused.
3. Nothing is written under a name from the image.
4. Everything is limited: bytes after decompression, number of entries, bytes that are kept, and
   what the archive's own headers may ask to have read at once.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from idp.capabilities.scanning.packages.golang import BUILD_INFO_MAGIC, MAX_BUILD_INFO_BYTES
from idp.kernel.errors import IdpError, Invalid, TooLarge

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
        mode: Permission bits, setuid and setgid included.
        build_info: What Go wrote into an executable about its modules, from the magic on.
    """

    size: int
    sha256: str
    kept: Path | None = None
    mode: int = 0o644
    build_info: bytes = b""


@dataclass
class _Layer:
    """What one layer says: files, removed names, folders emptied of lower layers' files."""

    files: dict[str, File] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)


class Unpacker:
    """Applies layers from the lowest on; `files` is the result so far.

    Args:
        folder: Where content is kept, under names of its own; the caller removes it.
        wanted: Says of which paths the content is kept.
    """

    def __init__(self, folder: Path, wanted: Callable[[str], bool]) -> None:
        self.files: dict[str, File] = {}
        self._folder = folder
        self._wanted = wanted
        self._entries = 0
        self._kept = 0

    def apply(self, file: IO[bytes], *, gzipped: bool) -> None:
        """Apply the next layer.

        Raises:
            Invalid: It is not a whole archive, or holds what an image must not hold.
            TooLarge: It is over a limit.
        """
        content = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if gzipped else file
        layer, limited = _Layer(), _Limited(content)
        try:
            with tarfile.open(fileobj=cast(IO[bytes], limited), mode="r:") as archive:
                while (member := archive.next()) is not None:
                    self._read_entry(archive, member, layer)
                    archive.members = []  # type: ignore[attr-defined]  # or all stay in memory
            if limited.last.strip(b"\0"):  # tarfile takes a damaged header for the end
                raise Invalid("a layer is not a whole archive: one of its headers is damaged")
        except IdpError:
            raise
        except (tarfile.TarError, EOFError, OSError, ValueError, RecursionError) as error:
            raise Invalid(f"a layer is not a whole archive: {error}") from error
        self._merge(layer)

    def _read_entry(self, archive: tarfile.TarFile, member: tarfile.TarInfo, layer: _Layer) -> None:
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise TooLarge(f"the image has more than {MAX_ENTRIES} entries")
        path = _clean(member.name)
        folder, _, name = path.rpartition("/")
        if name == _OPAQUE:
            layer.emptied.add(folder)
        elif name.startswith(_WHITEOUT):
            layer.removed.add(f"{folder}/{name.removeprefix(_WHITEOUT)}".lstrip("/"))
        elif member.issparse():
            raise Invalid(f"/{path} is a sparse file, which image layers do not have")
        elif member.isreg() and path:
            layer.files[path] = self._read(archive, member, path)
        elif member.islnk():
            layer.files[path] = self._linked(member, layer)
        else:
            layer.files.pop(path, None)
            layer.removed |= {path} if not member.isdir() else set()

    def _linked(self, member: tarfile.TarInfo, layer: _Layer) -> File:
        target = _clean(member.linkname)
        file = layer.files.get(target) or self.files.get(target)
        if file is None:
            raise Invalid(f"the image has a link to {target!r:.200}, which is not in it")
        return file

    def _read(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> File:
        source = archive.extractfile(member)
        if source is None:
            raise Invalid(f"/{path} has no content in its layer")
        reading = _Reading(source, executable=bool(member.mode & 0o111))
        kept = None
        if self._wanted(path):
            self._kept += member.size
            if self._kept > MAX_KEPT_BYTES:
                raise TooLarge(f"the files to scan have more than {MAX_KEPT_BYTES} bytes")
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as target:
                for chunk in reading.chunks():
                    target.write(chunk)
            kept = Path(target.name)
        else:
            for _ in reading.chunks():
                pass
        return File(
            member.size, reading.digest.hexdigest(), kept, member.mode & 0o7777, reading.build_info
        )

    def _merge(self, layer: _Layer) -> None:
        gone = layer.removed | set(layer.files)
        hidden = gone | {folder for path in layer.files for folder in _above(path)}
        emptied = gone | layer.emptied
        lower = {
            path: file
            for path, file in self.files.items()
            if path not in hidden and not emptied.intersection(_above(path))
        }
        self.files = lower | layer.files


def _clean(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    try:
        path = "/".join(parts)
        path.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"the image has a name that is not UTF-8: {name!r:.200}") from error
    if ".." in parts or "\0" in name:
        raise Invalid(f"the image has a file with the name {name!r:.200}")
    return path


def _above(path: str) -> set[str]:
    """All folders that hold a path; the root is empty."""
    parts = path.split("/")
    return {"/".join(parts[:count]) for count in range(len(parts))}


class _Reading:
    """Reads a file once: its digest, and what Go wrote into it if it is executable."""

    def __init__(self, source: IO[bytes], *, executable: bool) -> None:
        self.digest = hashlib.sha256()
        self._source = source
        self._looking = executable
        self._tail = b""
        self._found = bytearray()

    def chunks(self) -> Iterator[bytes]:
        """The content."""
        while chunk := self._source.read(_CHUNK):
            self.digest.update(chunk)
            if self._looking:
                self._look(chunk)
            yield chunk

    @property
    def build_info(self) -> bytes:
        """From the magic on, at most `MAX_BUILD_INFO_BYTES`; empty when there is none."""
        return bytes(self._found)

    def _look(self, chunk: bytes) -> None:
        if self._found:
            self._found += chunk[: MAX_BUILD_INFO_BYTES - len(self._found)]
            return
        window = self._tail + chunk
        at = window.find(BUILD_INFO_MAGIC)
        if at >= 0:
            self._found += window[at : at + MAX_BUILD_INFO_BYTES]
        self._tail = chunk[-len(BUILD_INFO_MAGIC) :]


class _Limited:
    """A readable file that refuses to be read too far, or too much at once (rule 4)."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_READ:
            raise TooLarge(f"an archive header asks for {size} bytes at once")
        self._within(self._file.tell() + size)
        self.last = self._file.read(size)
        return self.last

    def seek(self, position: int, whence: int = 0) -> int:
        self._within(position)
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()

    @staticmethod
    def _within(position: int) -> None:
        if position > MAX_UNPACKED_BYTES + _MAX_READ:
            raise TooLarge(f"a layer unpacks to more than {MAX_UNPACKED_BYTES} bytes")
