"""What the gateway adds to an answer, beside the application asked directly."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping

import aiohttp

from benchmarks.figure import Figure, Peer
from benchmarks.stage import Stage
from idp.apps.cli.demo.examples import NAMESPACE
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.standard import ENDPOINTS

APPLICATION = "datasette"  # it keeps connections, so that both ways are asked over an open one
PATH = "-/versions.json"
REQUESTS = 500


async def measure(stage: Stage) -> list[Figure]:
    """Ask the same replica both ways in turn: what disturbs the machine then disturbs both."""
    assert stage.demo_seconds
    url, headers = stage.url(APPLICATION, "development")
    direct = await _replica(stage, "development")
    own, through = [], []
    async with aiohttp.ClientSession() as session:
        for _ in range(REQUESTS):
            own.append(await _milliseconds(session, direct + PATH, {}))
            through.append(await _milliseconds(session, url + PATH, headers))
    return [
        Figure(
            "Gateway: an answer through it, median",
            statistics.median(through),
            "ms",
            peer=Peer("the application alone", statistics.median(own)),
            note=f"one connection, {REQUESTS} requests each way, in turn",
        )
    ]


async def _milliseconds(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
) -> float:
    started = time.perf_counter()
    async with session.get(url, headers=headers) as response:
        await response.read()
        response.raise_for_status()
    return (time.perf_counter() - started) * 1000


async def _replica(stage: Stage, environment: str) -> str:
    client = HttpClient(settings_from_kubeconfig(stage.layout.instance(environment).kubeconfig))
    try:
        endpoints = await client.get(ENDPOINTS, APPLICATION, NAMESPACE)
    finally:
        await client.close()
    # Endpoints name this machine by an address that stands for it; what listens is on loopback.
    return f"http://127.0.0.1:{endpoints['subsets'][0]['ports'][0]['port']}/"
