"""The registry as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from idp.embedded.registry.blob_routes import BlobRoutes
from idp.embedded.registry.content import ContentStore
from idp.embedded.registry.errors import error_response, missing
from idp.embedded.registry.garbage import collect_regularly
from idp.embedded.registry.gate import Gate
from idp.embedded.registry.listing_routes import ListingRoutes
from idp.embedded.registry.manifest_routes import ManifestRoutes
from idp.embedded.registry.service import Handler, Limits, Service, answering_errors
from idp.embedded.registry.upload_routes import UploadRoutes
from idp.kernel.access import OwnTags, RepositoryAccess
from idp.kernel.errors import MethodNotAllowed

DEFAULT_LIMITS = Limits()


def registry_application(
    data: Path,
    access: RepositoryAccess,
    *,
    on_change: Callable[[str], None] | None = None,
    own_tags: OwnTags = lambda principal: "",
    limits: Limits = DEFAULT_LIMITS,
) -> Starlette:
    """Build the registry.

    Args:
        data: The registry's folder. More than one process may serve it.
        access: Proves identities and decides who may do what.
        on_change: Called in the event loop with a repository's name after its manifests or tags
            changed; it must return at once.
        own_tags: Which tags a principal that may only attest may give to what is there.
        limits: Largest sizes.

    Returns:
        An application whose routes begin with `/v2/`.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        collecting = asyncio.create_task(collect_regularly(data), name="registry garbage")
        yield
        collecting.cancel()
        await asyncio.gather(collecting, return_exceptions=True)

    service = Service(
        ContentStore(data), Gate(access, own_tags), limits, on_change or (lambda repository: None)
    )
    return Starlette(
        routes=_routes(service),
        exception_handlers={404: _not_found, 405: _not_allowed},
        lifespan=lifespan,
    )


def _routes(service: Service) -> list[Route]:
    lists, uploads = ListingRoutes(service), UploadRoutes(service)
    blobs, manifests = BlobRoutes(service), ManifestRoutes(service)
    upload, blob = "/v2/{repository:path}/blobs/uploads/{upload}", "/v2/{repository:path}/blobs"
    manifest = "/v2/{repository:path}/manifests/{reference}"
    return [
        _route("/v2/", "GET", lists.ping),
        _route("/v2/_catalog", "GET", lists.catalog),
        _route("/v2/{repository:path}/tags/list", "GET", lists.tags),
        _route("/v2/{repository:path}/referrers/{digest}", "GET", manifests.referrers),
        _route(f"{blob}/uploads/", "POST", uploads.start),
        _route(upload, "GET", uploads.status),
        _route(upload, "PATCH", uploads.append),
        _route(upload, "PUT", uploads.finish),
        _route(upload, "DELETE", uploads.cancel),
        _route(f"{blob}/{{digest}}", "GET", blobs.read),
        _route(f"{blob}/{{digest}}", "DELETE", blobs.delete),
        _route(manifest, "GET", manifests.read),
        _route(manifest, "PUT", manifests.write),
        _route(manifest, "DELETE", manifests.delete),
    ]


def _route(path: str, method: str, handler: Handler) -> Route:
    return Route(path, answering_errors(handler), methods=[method])


async def _not_found(request: Request, _error: Exception) -> Response:
    return error_response(
        missing("UNSUPPORTED", f"{request.url.path[:200]} is no address of OCI distribution", None)
    )


async def _not_allowed(request: Request, _error: Exception) -> Response:
    return error_response(
        MethodNotAllowed(f"{request.method} is not supported here", remedy="See OCI distribution.")
    )
