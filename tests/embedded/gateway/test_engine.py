"""What callers of an application see, through a real Envoy."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import Any

import pytest

from idp.embedded.gateway.process import find_process
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.standard import ENDPOINTS, SERVICE, VIRTUAL_SERVICE
from support.running import running

Gateway = Any
Objects = Any


async def test_host_is_routed_whatever_the_port(gateway: Gateway, objects: Objects) -> None:
    async with objects.application("one") as port:
        await gateway.serve("hello", port)
        body = await gateway.until(lambda status, _: status == 200, path="/a?b=c")
        assert body["path"] == "/a?b=c"
        assert body["host"] == f"hello.development.localhost:{gateway.port}"
        for host in ("hello.development.localhost", "HELLO.development.localhost"):
            status, _ = await gateway.get(headers={"Host": host})
            assert status == 200
        assert (await gateway.reported("hello", "True"))["reason"] == "Served"


async def test_unknown_host_is_named(gateway: Gateway) -> None:
    body = await gateway.until(lambda status, _: status == 404, host="no.development.localhost")
    assert body["host"] == f"no.development.localhost:{gateway.port}"
    assert "idp-cli apps" in body["remedy"]


async def test_no_ready_replica_is_said(gateway: Gateway) -> None:
    await gateway.serve("hello")
    body = await gateway.until(lambda status, _: status == 503)
    assert body["application"] == "demo/hello:80"
    assert "no ready replica" in body["message"]


async def test_endpoints_follow_readiness(gateway: Gateway, objects: Objects) -> None:
    async with objects.application("one") as one, objects.application("two") as two:
        await gateway.serve("hello", one)
        await gateway.until(lambda status, body: status == 200 and body["name"] == "one")
        await gateway.set_endpoints("hello", two)
        await gateway.until(lambda status, body: status == 200 and body["name"] == "two")
        await gateway.set_endpoints("hello")
        await gateway.until(lambda status, _: status == 503)


async def test_application_that_does_not_listen_is_named(
    gateway: Gateway, objects: Objects
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        await gateway.serve("hello", closed.getsockname()[1])
        body = await gateway.until(
            lambda status, body: status == 503 and body["error"] == "NoConnection"
        )
    assert body["application"] == "demo/hello:80"


async def test_weights_and_headers(gateway: Gateway, objects: Objects) -> None:
    def split(old: int, new: int) -> Any:
        destinations = [
            {"destination": {"host": "old"}, "weight": old},
            {"destination": {"host": "new"}, "weight": new},
        ]
        headers = {"request": {"set": {"x-seen": "gateway"}}}
        return objects.virtual_service("hello", http=[{"route": destinations, "headers": headers}])

    async with objects.application("old") as old, objects.application("new") as new:
        for name, port in (("old", old), ("new", new)):
            await gateway.client.create(SERVICE, objects.service(name))
            await gateway.client.create(ENDPOINTS, objects.endpoints(name, port))
        await gateway.client.create(VIRTUAL_SERVICE, split(100, 0))
        body = await gateway.until(lambda status, _: status == 200)
        assert (body["name"], body["headers"]["x-seen"]) == ("old", "gateway")
        await gateway.replace(VIRTUAL_SERVICE, split(50, 50))
        seen: set[str] = set()
        while seen != {"old", "new"}:
            status, body = await gateway.get()
            assert status == 200
            seen.add(body["name"])
        await gateway.replace(VIRTUAL_SERVICE, split(0, 100))
        async with asyncio.timeout(30):
            while {(await gateway.get())[1]["name"] for _ in range(20)} != {"new"}:
                pass


async def test_rolling_update_loses_no_request(gateway: Gateway, objects: Objects) -> None:
    """Replicas come and go under 100 requests a second; the old one ends at once."""
    answers: list[int] = []
    done = asyncio.Event()

    async def ask(number: int) -> None:
        status, _ = await gateway.get(f"/{number}", method="POST" if number % 5 == 0 else "GET")
        answers.append(status)

    async def load() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(300):
                group.create_task(ask(number))
                await asyncio.sleep(0.01)
        done.set()

    current = objects.application("0", slow=0.02)
    port = await current.__aenter__()
    await gateway.serve("hello", port)
    await gateway.until(lambda status, _: status == 200)
    loading = asyncio.create_task(load())
    version = 0
    while not done.is_set():
        version += 1
        following = objects.application(str(version), slow=0.02)
        following_port = await following.__aenter__()
        await gateway.set_endpoints("hello", port, following_port)
        await gateway.set_endpoints("hello", following_port)
        expected = str(version)
        await gateway.until(lambda status, body, e=expected: body["name"] == e)
        await current.__aexit__(None, None, None)
        current, port = following, following_port
    await loading
    await current.__aexit__(None, None, None)
    assert answers == [200] * 300
    assert version > 3


async def test_killed_envoy_comes_back(gateway: Gateway, objects: Objects) -> None:
    async with objects.application("one") as port:
        await gateway.serve("hello", port)
        await gateway.until(lambda status, _: status == 200)
        killed = find_process(gateway.data)
        assert killed is not None
        os.kill(killed.pid, signal.SIGKILL)
        await gateway.until(
            lambda status, _: status == 200 and find_process(gateway.data) not in (None, killed)
        )


async def test_envoy_outlives_the_engine_and_is_found_again(
    stopped_gateway: Gateway, objects: Objects
) -> None:
    gateway = stopped_gateway
    async with objects.application("one") as one, objects.application("two") as two:
        async with running(gateway.engine()):
            await gateway.serve("hello", one)
            await gateway.until(lambda status, _: status == 200)
            first = find_process(gateway.data)
        status, _ = await gateway.get()
        assert status == 200
        await gateway.set_endpoints("hello", two)
        async with running(gateway.engine()):
            await gateway.until(lambda status, body: body["name"] == "two")
            assert find_process(gateway.data) == first


async def test_what_envoy_rejects_hurts_nobody_else(gateway: Gateway, objects: Objects) -> None:
    async with objects.application("one") as port:
        await gateway.serve("hello", port)
        await gateway.until(lambda status, _: status == 200)
        bad = objects.virtual_service(
            "bad",
            http=[
                {"match": [{"uri": {"regex": "("}}], "route": [{"destination": {"host": "bad"}}]}
            ],
        )
        await gateway.serve("bad", port, manifest=bad)
        condition = await gateway.reported("bad", "False")
        assert "Envoy rejects it" in condition["message"]
        assert (await gateway.get())[0] == 200
        await gateway.serve("later", port)
        await gateway.until(lambda status, _: status == 200, host="later.development.localhost")
        await gateway.replace(VIRTUAL_SERVICE, objects.virtual_service("bad"))
        await gateway.reported("bad", "True")
        await gateway.until(lambda status, _: status == 200, host="bad.development.localhost")


async def test_deleted_virtual_service_is_gone(gateway: Gateway, objects: Objects) -> None:
    async with objects.application("one") as port:
        await gateway.serve("hello", port)
        await gateway.serve("other", port)
        await gateway.until(lambda status, _: status == 200)
        await gateway.client.delete(VIRTUAL_SERVICE, "hello", "demo")
        await gateway.until(lambda status, _: status == 404)
        assert (await gateway.get(host="other.development.localhost"))[0] == 200
        left = gateway.data / "endpoints"
        await gateway.until(lambda *_: [p.name for p in left.iterdir()] == ["demo.other.80.json"])


async def test_a_port_in_use_is_named(stopped_gateway: Gateway) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", stopped_gateway.port))
        other.listen()
        with pytest.raises(MissingPrerequisite, match=f"port {stopped_gateway.port} .* in use by"):
            await stopped_gateway.engine().run()
    assert find_process(stopped_gateway.data) is None
