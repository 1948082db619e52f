"""`/instances/<environment>/...`: an instance's Kubernetes API with the rights of the caller.

The hub sends the request on as itself, impersonating the caller, and streams the answer back, so
that watches and logs work. Headers by which the caller would impersonate are not passed on: to act
as somebody else through the hub is not possible.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
from multidict import CIMultiDict
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from yarl import URL

from idp.apps.hub.authentication import Authentication, error_response
from idp.apps.hub.instances import Instances
from idp.kernel.access import Principal
from idp.kernel.errors import IdpError, TooLarge, Unavailable

LARGEST_BODY = 4 * 2**20
_PASSED = ("accept", "content-type", "user-agent")
_RETURNED = ("content-type", "warning", "retry-after", "etag", "cache-control")


class InstanceProxy:
    """The handler of all requests below `/instances`."""

    def __init__(self, instances: Instances, authentication: Authentication) -> None:
        self._instances = instances
        self._authentication = authentication

    async def handle(self, request: Request) -> Response:
        """Send one request on."""
        try:
            principal = await self._authentication.person(request)
            return await self._forward(request, principal)
        except IdpError as error:
            return error_response(error)

    async def _forward(self, request: Request, principal: Principal) -> Response:
        environment = request.path_params["environment"]
        connection = self._instances.connection(environment)
        path = request.scope["raw_path"].decode().split(f"/instances/{environment}", 1)[1]
        query = f"?{request.url.query}" if request.url.query else ""
        try:
            answer = await connection.session().request(
                request.method,
                URL(connection.settings.server + path + query, encoded=True),
                data=await _body(request) or None,
                headers=_headers(request, principal, connection.settings.token),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=None),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(
                f"the {environment} instance does not answer: {error}",
                remedy="`idp-cli status` shows what runs; `idp-cli up` starts what does not.",
            ) from error
        headers = {k: v for k, v in answer.headers.items() if k.lower() in _RETURNED}
        return StreamingResponse(_stream(answer), answer.status, headers)


def _headers(request: Request, principal: Principal, token: str | None) -> CIMultiDict[str]:
    """The caller's own headers, and as whom the hub asks; `token` is the hub's, if it has one."""
    headers = CIMultiDict((n, request.headers[n]) for n in _PASSED if n in request.headers)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    headers.add("Impersonate-User", principal.name)
    for group in (*principal.groups, "system:authenticated"):
        headers.add("Impersonate-Group", group)
    return headers


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise TooLarge(f"the request has more than {LARGEST_BODY // 2**20} MiB")
    return bytes(body)


async def _stream(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.content.iter_any():
            yield chunk
    finally:
        answer.close()
