"""Promises of the engine as a whole: a Deployment answers, changes without a gap, and outlives
the engine."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any

import aiohttp
import pytest

from idp.embedded.workloads.pods.orphans import stop_everything
from idp.kernel.conditions import is_true
from idp.kernel.resource import Manifest
from idp.kernel.standard import DEPLOYMENT, ENDPOINTS, POD, SERVICE

SERVER = """
import http.server, os, signal, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ.get("GREETING", "hello").encode())
    def log_message(self, *a):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *a: threading.Thread(target=server.shutdown).start())
print("serving", flush=True)
server.serve_forever()
print("bye", flush=True)
"""


def deployment(image: str, *, replicas: int = 1, greeting: str = "hello") -> Manifest:
    return {
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [
                        {
                            "name": "web",
                            "image": image,
                            "ports": [{"name": "http", "containerPort": 8080}],
                            "env": [
                                {"name": "GREETING", "value": greeting},
                                {"name": "PORT", "value": "8080"},
                            ],
                            "readinessProbe": {
                                "httpGet": {"path": "/", "port": "http"},
                                "periodSeconds": 1,
                            },
                        }
                    ]
                },
            },
        },
    }


SERVICE_WEB: Manifest = {
    "metadata": {"name": "web", "namespace": "demo"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
}


def addresses(endpoints: Manifest) -> list[int]:
    return [
        subset["ports"][0]["port"] for subset in endpoints["subsets"] if subset.get("addresses")
    ]


async def get(port: int) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        return await answer.text()


def complete(deployment: Manifest) -> bool:
    condition = next(c for c in deployment["status"]["conditions"] if c["type"] == "Progressing")
    fresh = deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"]
    return bool(fresh and condition["reason"] == "NewReplicaSetAvailable")


async def test_a_deployment_answers_through_its_service(machine: Any, push_image: Any) -> None:
    image = await push_image(SERVER)
    await machine.client.create(SERVICE, SERVICE_WEB)
    await machine.client.create(DEPLOYMENT, deployment(image, replicas=2))
    await machine.when(DEPLOYMENT, "web", complete)
    endpoints = await machine.when(ENDPOINTS, "web", lambda e: len(addresses(e)) == 2)
    assert [await get(port) for port in addresses(endpoints)] == ["hello", "hello"]
    pods = await machine.pods()
    assert all(is_true(pod, "Ready") for pod in pods)
    assert {pod["status"]["containerStatuses"][0]["imageID"] for pod in pods} == {image}


async def test_an_update_loses_no_request(machine: Any, push_image: Any) -> None:
    image = await push_image(SERVER)
    await machine.client.create(SERVICE, SERVICE_WEB)
    await machine.client.create(DEPLOYMENT, deployment(image))
    await machine.when(DEPLOYMENT, "web", complete)
    await machine.when(ENDPOINTS, "web", addresses)
    answers: list[str] = []

    async def ask_forever() -> None:
        while True:
            ports = addresses(await machine.object(ENDPOINTS, "web"))
            answers.append(await get(ports[0]))
            await asyncio.sleep(0.01)

    asking = asyncio.create_task(ask_forever())
    changed = deployment(image, greeting="good day")
    await machine.client.patch(DEPLOYMENT, "web", {"spec": changed["spec"]}, "demo")

    async def one_new_pod() -> bool:
        return len(await machine.pods()) == 1 and answers[-1:] == ["good day"]

    await machine.until(one_new_pod)
    assert not asking.done()
    asking.cancel()
    assert set(answers) == {"hello", "good day"}


async def test_what_runs_outlives_the_engine(machine: Any, push_image: Any) -> None:
    image = await push_image(SERVER)
    await machine.client.create(SERVICE, SERVICE_WEB)
    await machine.client.create(DEPLOYMENT, deployment(image))
    endpoints = await machine.when(ENDPOINTS, "web", addresses)
    [pod] = await machine.pods()
    await machine.stop()
    assert await get(addresses(endpoints)[0]) == "hello"
    machine.start()
    await machine.client.delete(POD, pod["metadata"]["name"], "demo")

    async def replaced() -> bool:
        names = [p["metadata"]["name"] for p in await machine.pods()]
        return len(names) == 1 and names != [pod["metadata"]["name"]]

    await machine.until(replaced)


async def test_it_can_be_stopped_at_any_moment(machine: Any, push_image: Any) -> None:
    """Stopping must end: nothing may swallow a cancellation."""
    image = await push_image("import sys\nsys.exit(1)\n")
    await machine.client.create(DEPLOYMENT, deployment(image, replicas=3))
    moments = random.Random(20261124)
    for _ in range(15):
        await asyncio.sleep(moments.uniform(0, 0.3))  # the moment is the test
        async with asyncio.timeout(20):
            await machine.stop()
        machine.start()
    await machine.when(DEPLOYMENT, "web", lambda d: d["status"]["replicas"] == 3)


async def test_a_platform_that_was_stopped_starts_everything_again(
    machine: Any, push_image: Any
) -> None:
    image = await push_image(SERVER)
    await machine.client.create(DEPLOYMENT, deployment(image))
    await machine.when(DEPLOYMENT, "web", complete)
    [before] = await machine.pods()
    await machine.stop()
    await stop_everything(machine.data)
    port = int(before["metadata"]["annotations"]["platform.idp/port"])
    with pytest.raises(aiohttp.ClientError):
        await get(port)
    machine.start()

    async def answers() -> str:
        with contextlib.suppress(aiohttp.ClientError):
            return await get(port)
        return ""

    assert await machine.until(answers) == "hello"
    [after] = await machine.pods()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    await machine.when(
        POD,
        after["metadata"]["name"],
        lambda p: (
            p["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"]
            == "PlatformStopped"
        ),
    )
