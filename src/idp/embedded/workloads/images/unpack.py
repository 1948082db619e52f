"""Unpack the layers of an image into a folder, trusting nothing in them.

The rules:

1. Every path is resolved inside the root, symbolic links included, as the image itself would see
   it after `chroot`. What leaves the root is refused.
2. Only folders, regular files, symbolic links and hard links exist. Devices, pipes and sockets are
   refused by name.
3. Owners, set-uid and set-gid bits and extended attributes are dropped: all belongs to the user
   who runs the platform.
4. A whiteout (`.wh.name`, `.wh..wh..opq`) removes what a lower layer brought.
5. Bytes and entries are counted over all layers; too many of either end the unpacking.
6. The uncompressed layer must have the digest that the image configuration says (`diff_ids`).
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from idp.kernel.errors import InvalidInput, TooLarge, Unavailable, VerificationFailed

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_MAX_LINKS = 40
_CHUNK = 2**20
_BAD_NAMES = (errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.ENOENT, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """How much an image may unpack to.

    Attributes:
        total_bytes: Of all files of all layers.
        entries: Members of all layers.
        compressed_bytes: Of one layer as it is transferred.
    """

    total_bytes: int = 4 * 2**30
    entries: int = 300_000
    compressed_bytes: int = 2 * 2**30


class _Measured:
    """A readable stream that is hashed while it is read, and ends in an error when it is too long.

    `tarfile` may stop before the end of the stream; `drain` reads the rest.
    """

    def __init__(self, source: IO[bytes], limit: int) -> None:
        self._source = source
        self._limit = limit
        self._digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._source.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InvalidInput(f"a layer is not a valid gzip stream: {error}") from error
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge(f"the image unpacks to more than {self._limit} bytes")
        self._digest.update(data)
        return data

    def drain(self) -> str:
        while self.read(_CHUNK):
            pass
        return f"sha256:{self._digest.hexdigest()}"


def _open(path: Path, *, compressed: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if compressed else path.open("rb")


class Unpacker:
    """Unpacks layer after layer into one root, counting over all of them."""

    def __init__(self, root: Path, limits: UnpackLimits) -> None:
        self._root = root
        self._bytes_left = limits.total_bytes
        self._entries_left = limits.entries

    def layer(self, path: Path, *, compressed: bool, diff_id: str) -> None:
        """Apply one layer.

        Args:
            path: The layer's file.
            compressed: Whether it is gzip; otherwise plain tar.
            diff_id: Expected digest of the plain tar.

        Raises:
            InvalidInput: It is not a tar archive, or holds what rule 1 or 2 refuses.
            TooLarge: Rule 5.
            VerificationFailed: Rule 6.
        """
        with _open(path, compressed=compressed) as source:
            stream = _Measured(source, self._bytes_left)
            try:
                self._members(stream)
            except tarfile.TarError as error:
                raise InvalidInput(f"a layer is not a valid tar archive: {error}") from error
            except OSError as error:
                if error.errno in _BAD_NAMES:
                    raise InvalidInput(f"a layer cannot be unpacked: {error}") from error
                raise Unavailable(
                    f"the image cannot be unpacked: {error.strerror}",
                    remedy="Look at the disk: is it full, or read-only?",
                ) from error
            if stream.drain() != diff_id:
                raise VerificationFailed(f"a layer does not unpack to its digest {diff_id}")
            self._bytes_left -= stream.size

    def _members(self, stream: _Measured) -> None:
        created: set[Path] = set()
        with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                self._entries_left -= 1
                if self._entries_left < 0:
                    raise TooLarge("the image has too many files")
                self._member(archive, member, created)

    def _member(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, created: set[Path]
    ) -> None:
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if ".." in parts or "\0" in member.name:
            raise InvalidInput(f"the image holds a path outside its root: {member.name!r}")
        if not parts:
            return
        folder = self._folder(parts[:-1], member.name)
        name = parts[-1]
        if name.startswith(_WHITEOUT):
            _whiteout(folder, name, created)
            return
        target = folder / name
        if member.isdir():
            if target.is_symlink() or not target.is_dir():
                _remove(target)
                target.mkdir()
            target.chmod(member.mode & 0o777 | 0o700)
        else:
            _remove(target)
            self._file(archive, member, target)
        created.add(target)

    def _file(self, archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
        if member.isreg():
            content = archive.extractfile(member)
            assert content is not None  # a regular file always has content
            with target.open("xb") as file:
                shutil.copyfileobj(content, file, _CHUNK)
            target.chmod(member.mode & 0o777 | 0o400)
        elif member.issym():
            _check_link(member)
            target.symlink_to(member.linkname)
        elif member.islnk():
            source = inside(self._root, member.linkname)
            if source is None or source.is_symlink() or not source.is_file():
                raise InvalidInput(
                    f"the image holds a hard link to nothing: {member.name!r} -> "
                    f"{member.linkname!r}"
                )
            os.link(source, target)
        else:
            kind = "device" if member.isdev() else "special file"
            raise InvalidInput(f"the image holds a {kind}: {member.name!r}")

    def _folder(self, parts: list[str], name: str) -> Path:
        folder = inside(self._root, "/".join(parts))
        if folder is None:
            raise InvalidInput(f"the image holds a path that leads outside its root: {name!r}")
        if folder.exists() and not folder.is_dir():
            raise InvalidInput(f"the image holds a file where a folder must be: {name!r}")
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def inside(root: Path, path: str) -> Path | None:
    """Where `path` is below `root`, following symbolic links as if `root` were `/`.

    The last part is followed too. A part that does not exist stands for itself.

    Returns:
        A path below `root` without symbolic links in it; None when links go round in circles or
        `..` climbs above the root.
    """
    pending = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    current: list[str] = []
    links = 0
    while pending:
        part = pending.pop()
        if part == "..":
            if not current:
                return None
            current.pop()
            continue
        candidate = root.joinpath(*current, part)
        if not candidate.is_symlink():
            current.append(part)
            continue
        links += 1
        if links > _MAX_LINKS:
            return None
        target = str(candidate.readlink())
        if target.startswith("/"):
            current = []
        pending += [p for p in reversed(target.split("/")) if p not in ("", ".")]
    return root.joinpath(*current)


def _check_link(member: tarfile.TarInfo) -> None:
    """An absolute target is inside the image; a relative one must not climb out of it."""
    if member.linkname.startswith("/"):
        return
    depth = len([p for p in member.name.split("/") if p not in ("", ".")]) - 1
    for part in member.linkname.split("/"):
        depth += {"..": -1, "": 0, ".": 0}.get(part, 1)
        if depth < 0:
            raise InvalidInput(
                f"the image holds a link that leads outside its root: {member.name!r} -> "
                f"{member.linkname!r}"
            )


def _whiteout(folder: Path, name: str, created: set[Path]) -> None:
    """Remove what lower layers brought; what this layer created stays."""
    if name == _OPAQUE:
        for child in folder.iterdir():
            if child not in created and not any(child in path.parents for path in created):
                _remove(child)
        return
    hidden = name.removeprefix(_WHITEOUT)
    if hidden in ("", ".", ".."):
        raise InvalidInput(f"the image holds a whiteout of nothing: {name!r}")
    _remove(folder / hidden)


def _remove(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        shutil.rmtree(path)
    else:
        path.unlink()
