"""Routes of uploads: whole, in chunks, or mounted from another repository."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response

from idp.embedded.registry.errors import RangeNotSatisfiable, bad_request, from_os_error
from idp.embedded.registry.gate import repository_name
from idp.embedded.registry.repositories import Repository
from idp.embedded.registry.service import Service, digest_in, too_large
from idp.embedded.registry.uploads import Upload
from idp.kernel.errors import TooLarge

_WRITE_SIZE = 2**20
_CONTENT_RANGE = re.compile(r"(?:bytes )?(\d{1,15})-(\d{1,15})")
_LINGER_SECONDS = 5.0


class UploadRoutes:
    """Handlers for `/v2/<repository>/blobs/uploads/...`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def start(self, request: Request) -> Response:
        """POST: begin, send a whole blob (`digest`), or mount one (`mount`, `from`)."""
        repository, _ = await self._service.open(request, "push", "attest")
        query = request.query_params
        if "mount" in query and await self._mount(request, repository):
            return _created(repository, digest_in(query["mount"]))
        upload = await asyncio.to_thread(Upload.start, repository)
        if "digest" in query:
            digest = digest_in(query["digest"])
            await self._receive(request, upload)
            await self._finish(upload, digest)
            return _created(repository, digest)
        return _progress(upload, 0, status=202)

    async def append(self, request: Request) -> Response:
        """PATCH: add a chunk."""
        upload = await self._upload(request)
        size = await self._receive(request, upload)
        return _progress(upload, size, status=202)

    async def finish(self, request: Request) -> Response:
        """PUT: add the last chunk, if there is one, and check the digest."""
        upload = await self._upload(request)
        digest = digest_in(request.query_params.get("digest", ""))
        await self._receive(request, upload)
        await self._finish(upload, digest)
        return _created(upload.repository, digest)

    async def status(self, request: Request) -> Response:
        """GET: how far it is."""
        upload = await self._upload(request)
        return _progress(upload, await asyncio.to_thread(upload.size), status=204)

    async def cancel(self, request: Request) -> Response:
        """DELETE."""
        upload = await self._upload(request)
        await asyncio.to_thread(upload.cancel)
        return Response(status_code=204)

    async def _upload(self, request: Request) -> Upload:
        repository, _ = await self._service.open(request, "push", "attest")
        return await asyncio.to_thread(Upload, repository, request.path_params["upload"])

    async def _mount(self, request: Request, into: Repository) -> bool:
        """Link a blob of another repository. Who may not read it there learns nothing: False."""
        digest = digest_in(request.query_params["mount"])
        if "from" not in request.query_params:
            return False
        source = Repository(self._service.store, repository_name(request.query_params["from"]))
        principal = await self._service.gate.principal(request)
        if not await self._service.gate.allows(principal, source.name, "pull"):
            return False
        if await asyncio.to_thread(source.blob_size, digest) is None:
            return False
        return await asyncio.to_thread(into.link_blob, digest)

    async def _receive(self, request: Request, upload: Upload) -> int:
        """Add the request's body to the upload; gives the new size.

        Too much content, and a full disk, end the upload: nothing of it is kept.
        """
        try:
            with upload.writing() as file:
                size = await asyncio.to_thread(upload.size)
                announced = _check_range(request, size)
                if size + announced > self._service.limits.blob:
                    raise too_large("the blob", self._service.limits.blob)
                return await self._write(request, file, size)
        except TooLarge:
            await asyncio.to_thread(upload.cancel)
            await _drain(request)
            raise
        except OSError as error:
            await asyncio.to_thread(upload.cancel)
            failure = from_os_error(error)
            await _drain(request)
            raise failure from error

    async def _write(self, request: Request, file: BinaryIO, size: int) -> int:
        buffer = bytearray()
        async for chunk in request.stream():
            buffer += chunk
            size += len(chunk)
            if size > self._service.limits.blob:
                raise too_large("the blob", self._service.limits.blob)
            if len(buffer) >= _WRITE_SIZE:
                await asyncio.to_thread(_write_all, file, bytes(buffer))
                buffer.clear()
        await asyncio.to_thread(_write_all, file, bytes(buffer))
        return size

    async def _finish(self, upload: Upload, digest: str) -> None:
        try:
            await asyncio.to_thread(upload.finish, digest)
        except OSError as error:
            await asyncio.to_thread(upload.cancel)
            raise from_os_error(error) from error


def _check_range(request: Request, size: int) -> int:
    """Check that the chunk continues the upload; gives the announced length, 0 when unknown.

    Raises:
        RangeNotSatisfiable: It starts elsewhere.
    """
    length = request.headers.get("content-length", "0")
    announced = int(length) if length.isdecimal() else 0
    header = request.headers.get("content-range")
    if header is None:
        return announced
    match = _CONTENT_RANGE.fullmatch(header)
    if match is None:
        raise bad_request(
            "BLOB_UPLOAD_INVALID", "the Content-Range is malformed", "Write it as `<start>-<end>`."
        )
    start, end = int(match[1]), int(match[2])
    if (
        start != size
        or end < start
        or ("content-length" in request.headers and end - start + 1 != announced)
    ):
        raise RangeNotSatisfiable(
            f"the chunk is {start}-{end}; the upload has {size} bytes",
            remedy=f"Send a chunk that starts at {size} and is as long as its Content-Range says.",
            details={"code": "BLOB_UPLOAD_INVALID"},
        )
    return announced


def _write_all(file: BinaryIO, content: bytes) -> None:
    """An unbuffered file may write less than asked."""
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


async def _drain(request: Request) -> None:
    """Read on for a while, so that a client still sending gets to read the refusal."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_LINGER_SECONDS):
            async for _ in request.stream():
                pass


def _created(repository: Repository, digest: str) -> Response:
    return Response(
        status_code=201,
        headers={
            "Location": f"/v2/{repository.name}/blobs/{digest}",
            "Docker-Content-Digest": digest,
        },
    )


def _progress(upload: Upload, size: int, *, status: int) -> Response:
    return Response(
        status_code=status,
        headers={
            "Location": f"/v2/{upload.repository.name}/blobs/uploads/{upload.identifier}",
            "Range": f"0-{max(size - 1, 0)}",
            "Docker-Upload-UUID": upload.identifier,
        },
    )
