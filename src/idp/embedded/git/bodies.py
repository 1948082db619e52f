"""Request bodies of unknown size, brought into a file that no path leads to."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import tempfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from starlette.requests import ClientDisconnect, Request

from idp.kernel.errors import DeadlineExceeded, InvalidInput, UnsupportedMediaType

_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Body:
    """A request body.

    Attributes:
        file: Its content, at the start. It vanishes when it is closed, also by a crash.
        problem: Why `file` holds only a part of it; empty when it holds all.
    """

    file: IO[bytes]
    problem: str

    def beginning(self, size: int) -> bytes:
        """The first `size` bytes; the file stays at the start."""
        data = self.file.read(size)
        self.file.seek(0)
        return data


class _Inflater:
    """Decompresses without ever making more than was asked for."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP)

    def feed(self, chunk: bytes, limit: int) -> bytes:
        try:
            return self._zlib.decompress(chunk, limit)
        except zlib.error as error:
            raise InvalidInput(f"the body is not gzip: {error}") from error

    def check_end(self) -> None:
        if not self._zlib.eof:
            raise InvalidInput("the body ends in the middle of its gzip stream")


@contextlib.asynccontextmanager
async def received(
    request: Request, *, limit: int, idle_seconds: float, folder: Path
) -> AsyncIterator[Body]:
    """Read a body up to `limit` bytes (after decompression) into a file in `folder`.

    A body that is larger, or finds no space, is read no further and has a `problem`.

    Raises:
        UnsupportedMediaType: The content encoding is neither gzip nor none.
        InvalidInput: The compressed stream is damaged.
        DeadlineExceeded: The client stopped sending.
    """
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise UnsupportedMediaType(f"content encoding {encoding[:40]!r} is not supported")
    inflater = None if encoding == "identity" else _Inflater()
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        size, problem = 0, ""
        async for chunk in _chunks(request, idle_seconds):
            # One byte more than allowed, so that going over the limit is seen.
            room = limit - size + 1
            piece = inflater.feed(chunk, room) if inflater else chunk[:room]
            size += len(piece)
            if problem := _store(file, piece) or _too_large(size, limit):
                break
        if inflater and not problem:
            inflater.check_end()
        file.seek(0)
        yield Body(file, problem)


def _too_large(size: int, limit: int) -> str:
    return f"larger than {limit / 2**20:g} MiB, the limit of this server" if size > limit else ""


def _store(file: IO[bytes], piece: bytes) -> str:
    try:
        while piece:
            piece = piece[file.write(piece) :]
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return "more than the server's disk has space for"
    return ""


async def _chunks(request: Request, idle_seconds: float) -> AsyncIterator[bytes]:
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise DeadlineExceeded(
                f"the client sent nothing for {idle_seconds:g} s; the request was dropped"
            ) from None
        if chunk is None:
            return
        yield chunk


async def drain(request: Request, *, limit: int, idle_seconds: float) -> None:
    """Read and drop up to `limit` bytes of what is still coming."""
    read = 0
    with contextlib.suppress(ClientDisconnect, DeadlineExceeded):
        async for chunk in _chunks(request, idle_seconds):
            read += len(chunk)
            if read > limit:
                return
