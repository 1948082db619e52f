"""Requests a second through the gateway, beside the application asked directly."""

from __future__ import annotations

from benchmarks.figure import Figure, Peer
from benchmarks.load import saturate
from benchmarks.pushes import APPLICATION
from benchmarks.stage import Stage
from idp.apps.cli.demo.examples import NAMESPACE
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.standard import ENDPOINTS

CONNECTIONS = 8
SECONDS = 5.0


async def measure(stage: Stage) -> list[Figure]:
    """Ask the same replica both ways, one way after the other."""
    assert stage.demo_seconds
    url, headers = stage.url(APPLICATION, "development")
    direct = await _replica(stage, "development")
    own = await saturate(direct, {}, connections=CONNECTIONS, seconds=SECONDS)
    through = await saturate(url, headers, connections=CONNECTIONS, seconds=SECONDS)
    note = f"{CONNECTIONS} connections, {SECONDS:.0f} s"
    return [
        Figure(
            "Gateway: requests", through, "1/s", peer=Peer("the application alone", own), note=note
        )
    ]


async def _replica(stage: Stage, environment: str) -> str:
    client = HttpClient(settings_from_kubeconfig(stage.layout.instance(environment).kubeconfig))
    try:
        endpoints = await client.get(ENDPOINTS, APPLICATION, NAMESPACE)
    finally:
        await client.close()
    subset = endpoints["subsets"][0]
    return f"http://{subset['addresses'][0]['ip']}:{subset['ports'][0]['port']}/"
