"""Git's smart HTTP protocol: `info/refs`, `git-upload-pack`, `git-receive-pack`.

Protocol: https://git-scm.com/docs/http-protocol
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Literal

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from idp.embedded.git.authorization import authorize
from idp.embedded.git.bodies import drain, received
from idp.embedded.git.events import PushEvent
from idp.embedded.git.limits import Limits
from idp.embedded.git.pkt_line import FLUSH, message, pkt_line, push_request, refusal
from idp.embedded.git.pushes import Pushes
from idp.embedded.git.store import RepositoryStore, repository_name
from idp.kernel.access import Principal, RepositoryAccess
from idp.kernel.errors import Forbidden, IdpError, NotFound, TooLarge, UnsupportedMediaType
from idp.protocols.git.process import Git

Announce = Callable[[Sequence[PushEvent]], str]
"""What to tell the client of a push about what moved; empty to tell nothing."""
_UNCACHED = {"Cache-Control": "no-cache, max-age=0, must-revalidate"}
_COMMANDS_BYTES = 2**20
_ACTIONS: dict[str, Literal["pull", "push"]] = {
    "git-upload-pack": "pull",
    "git-receive-pack": "push",
}


class GitRoutes:
    """The handlers; thin, over `Pushes` and `git upload-pack`."""

    def __init__(
        self,
        store: RepositoryStore,
        pushes: Pushes,
        git: Git,
        access: RepositoryAccess,
        limits: Limits,
        announce: Announce,
    ) -> None:
        self._store = store
        self._pushes = pushes
        self._git = git
        self._access = access
        self._limits = limits
        self._announce = announce

    def routes(self) -> Sequence[Route]:
        """The routes, relative to where the application is mounted."""
        base = "/{namespace}/{name}"
        return [
            Route(f"{base}/info/refs", self.info_refs, methods=["GET"]),
            Route(f"{base}/git-upload-pack", self.upload_pack, methods=["POST"]),
            Route(f"{base}/git-receive-pack", self.receive_pack, methods=["POST"]),
        ]

    async def _admit(self, request: Request, service: str) -> tuple[str, Principal | None]:
        repository = repository_name(request.path_params["namespace"], request.path_params["name"])
        action = _ACTIONS[service]
        principal = await authorize(request, self._access, repository, action)
        await self._store.prepare()
        if action == "pull" and not self._store.exists(repository):
            raise NotFound(
                f"there is no repository {repository}",
                remedy="It is created by the first push to it.",
            )
        if request.method == "POST":
            # Browsers cannot send this type across sites without asking first.
            sent = request.headers.get("content-type", "")
            if sent != f"application/x-{service}-request":
                raise UnsupportedMediaType(f"content type {sent[:80]!r} is not {service}'s")
        return repository, principal

    async def info_refs(self, request: Request) -> Response:
        """What the repository has: the start of every fetch and push."""
        service = request.query_params.get("service", "")
        if service not in _ACTIONS:
            raise Forbidden("only Git's smart HTTP protocol is served: use Git 1.6.6 or newer")
        repository, _ = await self._admit(request, service)
        protocol = request.headers.get("git-protocol")
        if service == "git-receive-pack":
            body = await self._pushes.advertise(repository, protocol)
        else:
            arguments = ["upload-pack", "--stateless-rpc", "--advertise-refs"]
            body = await self._git.run(
                [*arguments, str(self._store.path(repository))], protocol=protocol
            )
        if not body.startswith(pkt_line(b"version 2\n")):
            body = pkt_line(f"# service={service}\n".encode()) + FLUSH + body
        media_type = f"application/x-{service}-advertisement"
        return Response(body, media_type=media_type, headers=_UNCACHED)

    async def upload_pack(self, request: Request) -> Response:
        """Send what a client lacks, while it is being made."""
        repository, _ = await self._admit(request, "git-upload-pack")
        async with contextlib.AsyncExitStack() as stack:
            body = await stack.enter_async_context(
                received(
                    request,
                    limit=self._limits.fetch_request_bytes,
                    idle_seconds=self._limits.idle_seconds,
                    folder=self._store.incoming,
                )
            )
            if body.problem:
                raise TooLarge(f"the fetch request is {body.problem}")
            output = self._git.stream(
                ["upload-pack", "--stateless-rpc", str(self._store.path(repository))],
                protocol=request.headers.get("git-protocol"),
                stdin=body.file,
            )
            return _GitResponse(output, stack.pop_all())

    async def receive_pack(self, request: Request) -> Response:
        """Take in a push."""
        repository, principal = await self._admit(request, "git-receive-pack")
        async with received(
            request,
            limit=self._limits.push_bytes,
            idle_seconds=self._limits.idle_seconds,
            folder=self._store.incoming,
        ) as body:
            wanted = push_request(body.beginning(_COMMANDS_BYTES))
            if body.problem:
                why = f"this push is {body.problem}"
                answer = refusal(wanted, body.problem, why)
                if answer is None:
                    raise TooLarge(why)
                return _Refusal(request, answer, self._limits)
            answer = b""
            if wanted.refs:
                pusher = principal.name if principal else ""
                answer, moved = await self._pushes.receive(
                    repository, pusher, body.file, request.headers.get("git-protocol")
                )
                answer = message(wanted, self._announce(moved)) + answer
        media_type = "application/x-git-receive-pack-result"
        return Response(answer, media_type=media_type, headers=_UNCACHED)


class _GitResponse(StreamingResponse):
    """Output of a process as it comes; the process ends with the response."""

    def __init__(
        self, output: AsyncGenerator[bytes, None], stack: contextlib.AsyncExitStack
    ) -> None:
        media_type = "application/x-git-upload-pack-result"
        super().__init__(output, media_type=media_type, headers=_UNCACHED)
        stack.push_async_callback(output.aclose)
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._stack:
            await super().__call__(scope, receive, send)


class _Refusal(Response):
    """Answers a push that is still being sent.

    A client reads the answer only while its connection lives and when it cannot send, so nothing
    is read for a moment; then some of the rest is read and dropped before the answer ends, and
    with it the connection.
    """

    def __init__(self, request: Request, answer: bytes, limits: Limits) -> None:
        super().__init__(media_type="application/x-git-receive-pack-result", headers=_UNCACHED)
        del self.headers["content-length"]
        self._request = request
        self._answer = answer
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*self.raw_headers, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._answer, "more_body": True})
        await asyncio.sleep(self._limits.linger_seconds)
        await drain(
            self._request,
            limit=self._limits.drain_bytes,
            idle_seconds=self._limits.idle_seconds,
        )
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def answer_error(_request: Request, error: Exception) -> Response:
    """An error as text: `git` shows it as `remote: ...` when it comes early enough."""
    assert isinstance(error, IdpError)
    headers = {"WWW-Authenticate": 'Basic realm="idp"'} if error.status == 401 else {}
    text = error.message if error.remedy is None else f"{error.message}\n{error.remedy}"
    return PlainTextResponse(text + "\n", error.status, headers | _UNCACHED)
