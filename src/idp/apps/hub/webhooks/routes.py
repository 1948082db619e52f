"""`/webhooks/{provider}/{name}` for outside servers, `/api/v1/webhooks` for administrators."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.apps.hub.authentication import error_response
from idp.apps.hub.web.rate_limit import SignInLimit
from idp.apps.hub.webhooks.fetching import Fetching
from idp.apps.hub.webhooks.payloads import pushed, same_repository
from idp.apps.hub.webhooks.signatures import PROVIDERS, verified
from idp.apps.hub.webhooks.sources import Name, Source, Sources
from idp.kernel.errors import Forbidden, IdpError, Unauthorized

LARGEST_DELIVERY = 5 * 2**20
"""Bytes. Pushes are far smaller; GitHub sends up to 25 MiB and is answered 413 then."""


class WebhookView(BaseModel):
    """A webhook, without what is secret.

    Attributes:
        name: In its address, `/webhooks/<provider>/<name>`.
        provider: Who sends it.
        repository: Where it goes.
        url: What is fetched.
        acts_as: Who pushes when the sender is not known here.
    """

    name: str
    provider: str
    repository: str
    url: str
    acts_as: str


class Webhooks:
    """Takes deliveries in."""

    def __init__(self, sources: Sources, fetching: Fetching) -> None:
        self._sources = sources
        self._fetching = fetching
        self._limit = SignInLimit()

    async def handle(self, request: Request) -> Response:
        """Prove, compare, remember, then answer; the fetch comes after."""
        try:
            return await self._take(request)
        except IdpError as error:
            return error_response(error)

    async def _take(self, request: Request) -> Response:
        provider, name = request.path_params["provider"], request.path_params["name"]
        address = request.client.host if request.client else ""
        self._limit.demand(address)
        source = await asyncio.to_thread(self._sources.get, name)
        known = source is not None and source.provider == provider and provider in PROVIDERS
        secret = source.secret.encode() if source is not None and known else b""
        headers = dict(request.headers)
        body = await request.body()
        try:
            keys = verified(
                provider if provider in PROVIDERS else "github", headers, body, secret, time.time()
            )
        except Unauthorized:
            self._limit.failed(address)
            raise
        assert source is not None
        push = pushed(source.provider, headers, body)
        if push is None:
            return JSONResponse({"message": "taken; only pushes are acted on"}, 200)
        if not any(same_repository(source.url, url) for url in push.addresses):
            raise Forbidden(
                "the delivery is about another repository than this webhook is for",
                remedy=f"Webhook {name} is for {source.url}.",
            )
        actor = source.people.get(push.login, source.acts_as)
        await self._fetching.demand_right(source.repository, actor)
        await asyncio.to_thread(self._sources.take, name, keys, actor)
        self._fetching.wake()
        return JSONResponse({"message": f"taken; {source.repository} is fetched"}, 202)


def webhook_routes(
    sources: Sources, administrator: Callable[[Request], Awaitable[None]]
) -> APIRouter:
    """Build the administrators' routes; `administrator` is the dependency that demands one."""
    router = APIRouter(tags=["webhooks"], dependencies=[Depends(administrator)])

    @router.get("/webhooks", summary="All webhooks, without their secrets")
    async def list_webhooks() -> list[WebhookView]:
        found = await asyncio.to_thread(sources.all)
        return [
            WebhookView(name=name, **source.model_dump(include=set(WebhookView.model_fields)))
            for name, source in found.items()
        ]

    @router.put("/webhooks/{name}", status_code=204, summary="Create or replace a webhook")
    async def put_webhook(name: Name, source: Source) -> None:
        await asyncio.to_thread(sources.put, name, source)

    @router.delete("/webhooks/{name}", status_code=204, summary="Remove a webhook")
    async def delete_webhook(name: Name) -> None:
        await asyncio.to_thread(sources.delete, name)

    return router
