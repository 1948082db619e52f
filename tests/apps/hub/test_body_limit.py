from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from idp.apps.hub.body_limit import BodyLimit


async def echo_size(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    response: Response = PlainTextResponse(str(len(body)))
    await response(scope, receive, send)


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 10


@pytest.mark.parametrize(("count", "status"), [(0, 200), (10, 200), (11, 413), (1000, 413)])
async def test_a_body_over_the_limit_is_refused_announced_or_not(count: int, status: int) -> None:
    transport = httpx.ASGITransport(BodyLimit(echo_size, 100))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        for content in (b"x" * 10 * count, chunks(count)):
            answer = await client.post("/", content=content)
            assert answer.status_code == status
