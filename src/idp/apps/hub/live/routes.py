"""`/api/v1/events` and the logs: streams that end when the reader's session does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import StreamingResponse

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.instances import Instances
from idp.apps.hub.live.events import HEADERS, KEEP_ALIVE, KEEP_ALIVE_SECONDS, MEDIA_TYPE, event
from idp.apps.hub.live.feed import Feed
from idp.apps.hub.live.logs import lines, replicas
from idp.kernel.errors import IdpError

Item = TypeVar("Item")
ENDED = ("", "")
"""Stands for the end of a log; no pod has an empty name."""

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}


def live_routes(authentication: Authentication, instances: Instances, feed: Feed) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["live"], dependencies=[Depends(authentication.admit_person)])

    async def still_admitted(request: Request) -> bool:
        try:
            await authentication.person(request)
        except IdpError:
            return False
        return True

    async def hints(request: Request) -> AsyncIterator[bytes]:
        async with feed.subscribe(admitted(request)) as queue:
            yield event("hello", {})
            async for item in while_admitted(request, queue.get):
                yield KEEP_ALIVE if item is None else event("hint", item)

    async def log_events(
        request: Request, source: AsyncIterator[tuple[str, str]]
    ) -> AsyncIterator[bytes]:
        async def following() -> tuple[str, str]:
            return await anext(source, ENDED)

        async for item in while_admitted(request, following):
            if item is ENDED:
                yield event("end", {})
                return
            yield KEEP_ALIVE if item is None else event("line", {"pod": item[0], "text": item[1]})

    async def while_admitted(
        request: Request, following: Callable[[], Awaitable[Item]]
    ) -> AsyncIterator[Item | None]:
        """Items as they come; None now and then. However many come, the session is asked after."""
        loop = asyncio.get_running_loop()
        waiting = asyncio.ensure_future(following())
        asked = loop.time()
        try:
            while not feed.closed.is_set():
                left = KEEP_ALIVE_SECONDS - (loop.time() - asked)
                done, _ = await asyncio.wait({waiting}, timeout=max(left, 0.0))
                if loop.time() - asked >= KEEP_ALIVE_SECONDS:
                    if not await still_admitted(request):
                        return
                    asked = loop.time()
                    if not done:
                        yield None
                if done:
                    item = waiting.result()
                    waiting = asyncio.ensure_future(following())
                    yield item
        finally:
            waiting.cancel()

    @router.get(
        "/events",
        summary="Hints that something changed, as server-sent events",
        response_class=StreamingResponse,
        responses=_STREAM,
    )
    async def events(request: Request) -> StreamingResponse:
        return StreamingResponse(hints(request), headers=HEADERS, media_type=MEDIA_TYPE)

    @router.get(
        "/applications/{namespace}/{name}/logs",
        summary="Logs of all replicas, as server-sent events",
        response_class=StreamingResponse,
        responses=_STREAM,
    )
    async def logs(
        request: Request,
        namespace: str,
        name: str,
        environment: str,
        tail: Annotated[int, Query(ge=0, le=10_000)] = 200,
        follow: bool = True,
    ) -> StreamingResponse:
        client = instances.acting(environment, admitted(request))
        pods = await replicas(client, namespace, name)
        source = lines(client, namespace, pods, tail=tail, follow=follow)
        return StreamingResponse(
            log_events(request, source), headers=HEADERS, media_type=MEDIA_TYPE
        )

    return router
