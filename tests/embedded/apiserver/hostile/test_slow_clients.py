"""Clients that send or read slowly, or only wait: others are served, memory stays bounded."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest

from embedded.apiserver.hostile.conftest import MAPS, Attacker
from idp.embedded.apiserver import server as server_module
from idp.embedded.apiserver.http import body as body_module
from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.standard import CONFIG_MAP


def memory() -> int:
    """Bytes that this process (server and clients) holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_a_head_that_never_ends_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_IDLE_SECONDS", 0.2)
    async with (
        ApiServer(ApiServerSettings(data=tmp_path / "data")) as server,
        aiohttp.ClientSession() as session,
    ):
        reader, writer = await Attacker(session, server, "").raw()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.transport.abort()


async def test_a_body_that_never_ends_is_answered(
    attacker: Attacker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_module, "BODY_SECONDS", 0.2)
    reader, writer = await attacker.raw()
    lines = [
        f"POST {MAPS} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {attacker.token}",
        "Content-Length: 100",
    ]
    writer.write("\r\n".join([*lines, "", "{"]).encode())
    async with asyncio.timeout(30):
        assert (await reader.readline()).split()[1] == b"504"
    writer.transport.abort()


async def test_a_watch_that_is_not_read_costs_little(
    attacker: Attacker, client: LocalClient
) -> None:
    reader, writer = await attacker.raw()
    request = f"GET {MAPS}?watch=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {attacker.token}"
    writer.write(f"{request}\r\n\r\n".encode())
    await reader.readline()
    made = {"metadata": {"name": "big", "namespace": "default"}, "data": {"x": "a" * 200_000}}
    await client.create(CONFIG_MAP, made)
    before = memory()
    for number in range(100):  # 20 MB of events for somebody who takes none
        await client.patch(CONFIG_MAP, "big", {"data": {"n": str(number)}}, "default")
    # The history of changes, which all watches share, is what grows.
    assert memory() - before < 100 * 1024 * 1024
    assert (await attacker.send("GET", "/readyz")).status == 200
    writer.transport.abort()


async def test_500_idle_watches(attacker: Attacker, client: LocalClient) -> None:
    before = memory()
    watches = await asyncio.gather(
        *(
            attacker.session.get(f"{attacker.server.url}{MAPS}?watch=true&resourceVersion=0")
            for _ in range(500)
        )
    )
    assert {watch.status for watch in watches} == {200}
    # Both ends of 500 TLS connections are in this process; asyncio keeps 256 KiB for each end.
    assert memory() - before < 500 * 700 * 1024
    await client.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "default"}})
    assert (await attacker.send("GET", f"{MAPS}/a")).status == 200
    async with asyncio.timeout(60):
        lines = await asyncio.gather(*(_until(watch.content, b'"name":"a"') for watch in watches))
    assert len(lines) == 500
    for watch in watches:
        watch.close()


async def _until(content: aiohttp.StreamReader, text: bytes) -> bytes:
    while text not in (line := await content.readline()):
        assert line
    return line
