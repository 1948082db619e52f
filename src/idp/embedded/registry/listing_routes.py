"""Routes of lists: tags of a repository, repositories of the registry; both in pages."""

from __future__ import annotations

import asyncio
import bisect
import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.embedded.registry.content import ContentStore
from idp.embedded.registry.errors import bad_request, missing
from idp.embedded.registry.repositories import all_repositories
from idp.embedded.registry.service import Service

_PAGE = 1000


class ListingRoutes:
    """Handlers for `/v2/`, `/v2/_catalog` and `/v2/<repository>/tags/list`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def ping(self, request: Request) -> Response:
        """GET `/v2/`: whether the credential is right. Clients learn here to send one."""
        await self._service.gate.known_principal(request)
        return JSONResponse({}, headers={"Docker-Distribution-API-Version": "registry/2.0"})

    async def tags(self, request: Request) -> Response:
        """GET: all tags, sorted."""
        repository, _ = await self._service.open(request, "pull")
        if not await asyncio.to_thread(repository.exists):
            raise missing("NAME_UNKNOWN", f"there is no repository {repository.name}")
        names, headers = _page(request, await asyncio.to_thread(repository.tags))
        return JSONResponse({"name": repository.name, "tags": names}, headers=headers)

    async def catalog(self, request: Request) -> Response:
        """GET: the repositories that the principal may pull."""
        principal = await self._service.gate.known_principal(request)
        allowed = [
            name
            for name in await asyncio.to_thread(_in_use, self._service.store)
            if await self._service.gate.allows(principal, name, "pull")
        ]
        names, headers = _page(request, allowed)
        return JSONResponse({"repositories": names}, headers=headers)


def _in_use(store: ContentStore) -> list[str]:
    return [r.name for r in all_repositories(store) if r.has_manifests()]


def _page(request: Request, names: list[str]) -> tuple[list[str], dict[str, str]]:
    """The page that `n` and `last` ask for, and the `Link` to the next one."""
    asked = request.query_params.get("n", str(_PAGE))
    if not re.fullmatch(r"[0-9]{1,9}", asked):
        raise bad_request("PAGINATION_NUMBER_INVALID", "n is not a number", "Use `?n=100`.")
    size = min(int(asked), _PAGE)
    last = request.query_params.get("last", "")
    start = bisect.bisect_right(names, last) if last else 0
    page = names[start : start + size]
    if not page or start + size >= len(names):
        return page, {}
    query = urlencode({"n": size, "last": page[-1]})
    return page, {"Link": f'<{request.url.path}?{query}>; rel="next"'}
