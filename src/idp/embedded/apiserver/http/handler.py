"""The front door: who asks, what for, and an answer in any case."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from aiohttp import web

from idp.embedded.apiserver.access.authenticate import Authenticator
from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.rules import Attributes
from idp.embedded.apiserver.api import Api
from idp.embedded.apiserver.errors import UnknownPath
from idp.embedded.apiserver.http.answers import error_answer, in_wanted_format
from idp.embedded.apiserver.http.paths import ResourcePath, resource_path, split
from idp.embedded.apiserver.http.resources import Resources
from idp.embedded.apiserver.http.reviews import ReviewPages
from idp.embedded.apiserver.http.snapshots import SnapshotPage
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.errors import IdpError, InvalidInput

_CHANGING = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
"""Verb of the methods that change something."""
_log = logging.getLogger(__name__)

Answer = Callable[[web.BaseRequest, Request], Awaitable[web.StreamResponse]]


class Page(Protocol):
    """Answers paths that are no resources: discovery, OpenAPI, health."""

    def answer(self, http: web.BaseRequest, parts: Sequence[str]) -> web.StreamResponse | None:
        """An answer, or None when the path is not one of these."""
        ...


class Handler:
    """Handles one HTTP request after the other."""

    def __init__(
        self,
        authenticator: Authenticator,
        authorizer: RbacAuthorizer,
        api: Api,
        resources: Resources,
        reviews: ReviewPages,
        pages: Sequence[Page],
        special: Mapping[tuple[str, str, str], Answer],
        snapshots: SnapshotPage,
    ) -> None:
        """Compose the door.

        Args:
            authenticator: Tells who asks.
            authorizer: Tells who may see pages; resources ask for themselves.
            api: Records what was refused on the way to it.
            resources: Answers requests to resources.
            reviews: Answers questions about access.
            pages: Answer what is no resource, the first one that knows the path.
            special: Answers by method, `group/plural` and subresource, before `resources`.
            snapshots: Sends copies of the database.
        """
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._api = api
        self._resources = resources
        self._reviews = reviews
        self._pages = pages
        self._special = special
        self._snapshots = snapshots
        self._writing: set[asyncio.Task[web.StreamResponse]] = set()

    async def __call__(self, http: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        warnings: list[str] = []
        try:
            peer = http.get_extra_info("peercert")
            await self._authenticator.learn(http.headers)
            user = await self._impersonated(http, self._authenticator.proved(http.headers, peer))
            parts = split(http.rel_url.raw_path)
            path = resource_path(parts)
            if path is None:
                return await self._page(http, parts, user)
            if self._reviews.knows(path):
                return await self._reviews.answer(http, path, user)
            request = self._resources.understand(http, path, user)
            warnings = request.warnings
            work = self._resource(http, path, request)
            answer = await (work if http.method == "GET" else self._uninterrupted(work))
            return await in_wanted_format(http, answer)
        except IdpError as error:
            return error_answer(error, warnings)
        except RecursionError:
            return error_answer(InvalidInput("the object is nested too deeply"))
        except Exception:
            _log.exception("%s %s failed", http.method, http.path)
            return error_answer(IdpError("an error on the server prevented the request"))

    async def _impersonated(self, http: web.BaseRequest, user: UserInfo) -> UserInfo:
        try:
            return self._authenticator.impersonated(user, http.headers)
        except IdpError as error:
            if http.method in _CHANGING:
                wanted = http.headers.get("Impersonate-User", "")
                await self._api.refused_impersonation(user, wanted, http.remote or "", error)
            raise

    async def _uninterrupted(self, work: Awaitable[web.StreamResponse]) -> web.StreamResponse:
        """Finish a change, and its audit, even when the client hangs up on it."""
        task = asyncio.ensure_future(work)
        self._writing.add(task)
        task.add_done_callback(self._written)
        return await asyncio.shield(task)

    def _written(self, task: asyncio.Task[web.StreamResponse]) -> None:
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()  # answered by whoever waits; nobody does when the client is gone

    async def _resource(
        self, http: web.BaseRequest, path: ResourcePath, request: Request
    ) -> web.StreamResponse:
        special = self._special.get((http.method, request.served.resource, path.subresource))
        try:
            if special is not None:
                return await special(http, request)
            return await self._resources.answer(http, request)
        except IdpError as error:
            # Of those that a verb refused there is a record; of a body that is none, not yet.
            if (verb := _CHANGING.get(http.method)) is not None:
                await self._api.refused(request, verb, error)
            raise

    async def _page(
        self, http: web.BaseRequest, parts: Sequence[str], user: UserInfo
    ) -> web.StreamResponse:
        attributes = Attributes(http.method.lower(), path="/" + "/".join(parts))
        self._authorizer.check(user, attributes)
        for page in self._pages:
            if (answer := page.answer(http, parts)) is not None:
                return answer
        if (sent := await self._snapshots.answer(http, parts, user)) is not None:
            return sent
        raise UnknownPath("the server could not find the requested resource")
