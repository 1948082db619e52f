"""Routes of blobs: read, delete."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from idp.embedded.registry.errors import missing
from idp.embedded.registry.service import Service, digest_in
from idp.kernel.access import Action


class BlobResponse(FileResponse):
    """A blob, whole or by `Range`. Larger reads: each is a hop to a thread."""

    chunk_size: ClassVar[int] = 2**19  # type: ignore[misc]


class BlobRoutes:
    """Handlers for `/v2/<repository>/blobs/<digest>`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def read(self, request: Request) -> Response:
        """GET; and HEAD, by which those who write ask what they need not send."""
        writers: tuple[Action, ...] = ("push", "attest") if request.method == "HEAD" else ()
        repository, _ = await self._service.open(request, "pull", *writers)
        digest = digest_in(request.path_params["digest"])
        size = await asyncio.to_thread(repository.blob_size, digest)
        if size is None:
            raise missing("BLOB_UNKNOWN", f"{repository.name} has no blob {digest}")
        return BlobResponse(
            self._service.store.path(digest),
            media_type="application/octet-stream",
            headers={
                "Docker-Content-Digest": digest,
                "ETag": f'"{digest}"',
                "Cache-Control": "max-age=31536000, immutable",
            },
        )

    async def delete(self, request: Request) -> Response:
        """DELETE."""
        repository, _ = await self._service.open(request, "delete")
        await asyncio.to_thread(repository.delete_blob, digest_in(request.path_params["digest"]))
        return Response(status_code=202)
