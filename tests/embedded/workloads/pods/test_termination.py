"""The order in which a pod ends: out of the endpoints, preStop, SIGTERM, gone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from idp.kernel.conditions import is_true
from idp.kernel.resource import Manifest
from idp.kernel.standard import ENDPOINTS, POD, SERVICE

SCRIPT = """
import signal, socket, sys, time, os
def end(*_):
    print("sigterm", time.monotonic(), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    server.accept()[0].close()
"""


async def test_no_request_is_sent_to_a_pod_that_ends(machine: Any, push_image: Any) -> None:
    image = await push_image(SCRIPT)
    left: list[float] = []

    async def watch_endpoints() -> None:
        async for event in machine.client.watch(ENDPOINTS, "demo", resource_version="0"):
            if not event.object["subsets"]:
                left.append(time.monotonic())

    watching = asyncio.create_task(watch_endpoints())
    service: Manifest = {
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    await machine.client.create(SERVICE, service)
    container = {
        "name": "main",
        "image": image,
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"tcpSocket": {"port": 8080}},
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "0.2"]}}},
    }
    await machine.pod("web", {"containers": [container]}, labels={"app": "web"})
    await machine.when(POD, "web", lambda p: is_true(p, "Ready"))
    await machine.when(ENDPOINTS, "web", lambda e: e["subsets"][0]["addresses"])
    left.clear()
    [path] = machine.data.glob("pods/demo_web_*/containers/main/0.log")
    with path.open() as log:
        await machine.client.delete(POD, "web", "demo")

        async def gone() -> bool:
            return not await machine.pods()

        await machine.until(gone)
        said = log.read().split()
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    assert said[0] == "sigterm"
    drain, hook = machine.settings.drain_seconds, 0.2
    assert left[0] + drain + hook <= float(said[1])
    assert not path.exists()
