"""Files of OSV records, read one record at a time.

Rules:
1. `.json` is one record or a list of them, `.jsonl` one a line, `.zip` any number of `.json` files;
   a folder holds any of these, searched to its bottom. Symbolic links are not followed.
2. Nothing is unpacked to disk, so the names inside an archive are only names.
3. A record has at most `MAX_RECORD_BYTES`, a source at most `MAX_RECORDS` records and
   `MAX_TOTAL_BYTES` after decompression, whatever the archive says of itself.
4. What cannot be read is yielded with its reason: the caller counts it, the rest is read on. Only a
   source over the limits ends the reading.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from idp.kernel.errors import InvalidInput, NotFound, TooLarge

MAX_RECORD_BYTES = 8 * 2**20
MAX_LIST_BYTES = 256 * 2**20
MAX_RECORDS = 1_000_000
MAX_TOTAL_BYTES = 8 * 2**30

SUFFIXES = (".json", ".jsonl", ".zip")


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was found.

    Attributes:
        name: File, and place in it.
        data: Its bytes in JSON; empty when they cannot be read.
        problem: Why they cannot be read; empty otherwise.
    """

    name: str
    data: bytes = b""
    problem: str = ""


def read_records(source: Path) -> Iterator[Record]:
    """Read all records of a file or folder, files in the order of their names.

    Raises:
        NotFound: There is no such file or folder.
        InvalidInput: The file is of another kind, or the folder holds none of these.
        TooLarge: The source is over a limit as a whole.
    """
    count = total = 0
    for path in _files(source):
        for record in _read_file(path):
            count += 1
            total += len(record.data)
            if count > MAX_RECORDS or total > MAX_TOTAL_BYTES:
                raise TooLarge(
                    f"{source} has more than {MAX_RECORDS} records or {MAX_TOTAL_BYTES} bytes",
                    remedy="Import the records of one ecosystem, not of all.",
                )
            yield record


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        found = sorted(
            path
            for path in source.rglob("*")
            if path.suffix in SUFFIXES and path.is_file() and not path.is_symlink()
        )
    elif source.is_file():
        found = [source] if source.suffix in SUFFIXES else []
    else:
        raise NotFound(f"there is no {source}")
    if not found:
        raise InvalidInput(
            f"{source} holds no advisories",
            remedy=f"Give a file that ends in {', '.join(SUFFIXES)}, or a folder of such files.",
        )
    return found


def _read_file(path: Path) -> Iterator[Record]:
    if path.suffix == ".zip":
        yield from _read_zip(path)
    elif path.suffix == ".jsonl":
        yield from _read_lines(path)
    elif path.stat().st_size > MAX_LIST_BYTES:
        yield Record(str(path), problem=f"more than {MAX_LIST_BYTES} bytes")
    else:
        yield from _split(str(path), path.read_bytes())


def _read_lines(path: Path) -> Iterator[Record]:
    number = 0
    with path.open("rb") as file:
        while line := file.readline(MAX_RECORD_BYTES + 1):
            number += 1
            name = f"{path}:{number}"
            if len(line) > MAX_RECORD_BYTES:
                while line and not line.endswith(b"\n"):
                    line = file.readline(MAX_RECORD_BYTES)
                yield Record(name, problem=f"more than {MAX_RECORD_BYTES} bytes")
            elif line.strip():
                yield Record(name, line)


def _read_zip(path: Path) -> Iterator[Record]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir() and member.filename.endswith(".json"):
                    yield _read_member(archive, member, f"{path}!{member.filename}")
    except zipfile.BadZipFile as error:
        yield Record(str(path), problem=f"not a whole zip archive: {error}")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Record:
    try:
        with archive.open(member) as file:
            data = file.read(MAX_RECORD_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        return Record(name, problem=f"cannot be unpacked: {error}")
    if len(data) > MAX_RECORD_BYTES:
        return Record(name, problem=f"more than {MAX_RECORD_BYTES} bytes")
    return Record(name, data)


def _split(name: str, data: bytes) -> Iterator[Record]:
    """A file is mostly one record; a list of them is taken apart."""
    if not data.lstrip().startswith(b"["):
        if len(data) > MAX_RECORD_BYTES:
            yield Record(name, problem=f"more than {MAX_RECORD_BYTES} bytes")
        else:
            yield Record(name, data)
        return
    try:
        records: list[Any] = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        yield Record(name, problem=f"not JSON: {error}")
        return
    for position, record in enumerate(records):
        yield Record(f"{name}[{position}]", orjson.dumps(record))
