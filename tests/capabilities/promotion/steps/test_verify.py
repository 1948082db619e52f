from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.promotion.steps.verify import VerifyStep


class Gateway:
    def __init__(self) -> None:
        self.answers: list[int] = []
        self.requests: list[tuple[str, str]] = []
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        (host,) = re.findall(r"(?im)^host: (\S+)", head)
        self.requests.append((host, path))
        status = self.answers.pop(0) if self.answers else 200
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()
    server = await asyncio.start_server(gateway, "127.0.0.1", 0)
    gateway.port = server.sockets[0].getsockname()[1]
    async with server:
        yield gateway


async def verify(bench: Any, port: int, **parameters: Any) -> Any:
    await bench.rules(verification={"path": "/healthz", "requests": 3})
    await bench.done("confirm")
    body = {"metadata": {"name": "hello", "namespace": "demo"}, "spec": {}}
    await bench.client.create(WebApplication.type(), body)
    step = VerifyStep(bench.client, bench.reader, environment="uat", gateway_port=port)
    return await bench.perform(step, application="hello", confirm="p-confirm", **parameters)


async def test_asks_as_often_as_the_rules_say(bench: Any, gateway: Gateway) -> None:
    outcome = await verify(bench, gateway.port)
    assert outcome.phase == "Succeeded"
    assert gateway.requests == [(f"hello.uat.localhost:{gateway.port}", "/healthz")] * 3


async def test_a_redirect_is_an_answer(bench: Any, gateway: Gateway) -> None:
    gateway.answers = [301, 302, 307]
    assert (await verify(bench, gateway.port)).phase == "Succeeded"


@pytest.mark.parametrize("status", [404, 503])
async def test_one_bad_answer_starts_again(bench: Any, gateway: Gateway, status: int) -> None:
    gateway.answers = [200, status]
    outcome = await verify(bench, gateway.port)
    assert outcome.phase == "Running"
    assert f"it answered {status}" in outcome.message
    assert "idp-cli logs hello --environment uat" in outcome.remedy


async def test_parameters_win_over_the_rules(bench: Any, gateway: Gateway) -> None:
    assert (await verify(bench, gateway.port, path="/", requests="1")).phase == "Succeeded"
    assert [path for _, path in gateway.requests] == ["/"]


async def test_a_gateway_that_is_not_there_is_named(bench: Any, gateway: Gateway) -> None:
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    outcome = await verify(bench, port)
    assert outcome.phase == "Running"
    assert "ConnectError" in outcome.message
