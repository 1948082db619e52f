"""An engine that is killed at any moment: the next one finds everything and ends where it must."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from idp.embedded.workloads.pods import process as processes
from idp.embedded.workloads.pods.folders import token
from idp.embedded.workloads.pods.orphans import remove_orphans
from idp.kernel.conditions import is_true
from idp.kernel.resource import Manifest
from idp.kernel.standard import DEPLOYMENT, POD

SCRIPT = Path(__file__).with_name("engine_process.py")
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["GREETING"].encode())
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def durable_client(state: Path) -> Any:
    """The script's own client; tests are no package, so it is loaded by its path."""
    spec = importlib.util.spec_from_file_location("engine_process", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.DurableClient(state)


class KillableEngine:
    """Starts engines over the same files, and kills them."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state.json"
        self.data = folder / "workloads"
        self.images = folder / "images"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), str(self.state), str(self.data), str(self.images)
        )

    async def kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)
            await self.process.wait()

    def objects(self, plural: str) -> list[Manifest]:
        rows = orjson.loads(self.state.read_bytes())
        return [manifest for _, kind, _, _, manifest in rows if kind == plural]

    def monitors(self) -> list[int]:
        return [pid for pid, _ in processes.monitors(f"idp:{token(self.data)}:")]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[KillableEngine]:
    engine = KillableEngine(tmp_path)
    yield engine
    await engine.kill()
    remove_orphans(engine.data, ())


def deployment(image: str, greeting: str) -> Manifest:
    container = {
        "name": "web",
        "image": image,
        "ports": [{"containerPort": 8080}],
        "env": [{"name": "GREETING", "value": greeting}],
        "readinessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 1},
    }
    return {
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [container]},
            },
        },
    }


async def greeting(pod: Manifest) -> str:
    port = pod["metadata"]["annotations"]["platform.idp/port"]
    url = f"http://127.0.0.1:{port}/"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


async def test_killed_at_any_moment_it_converges(
    engine: KillableEngine, push_image: Any, images: Any, until: Any
) -> None:
    image = await push_image(SERVER)
    await images.fetch(image)
    await durable_client(engine.state).create(DEPLOYMENT, deployment(image, "first"))
    moments = random.Random(20261124)
    for round in range(5):
        await engine.start()
        await asyncio.sleep(moments.uniform(0.3, 1.5))  # the moment of death is the test
        await engine.kill()
        spec = deployment(image, f"round {round}")["spec"]
        await durable_client(engine.state).patch(DEPLOYMENT, "web", {"spec": spec}, "demo")
    await engine.start()

    async def settled() -> bool:
        pods = engine.objects("pods")
        ready = len(pods) == 2 and all(is_true(pod, "Ready") for pod in pods)
        return ready and {await greeting(pod) for pod in pods} == {"round 4"}

    await until(settled)
    assert len(engine.monitors()) == 2


async def test_what_ran_is_taken_on_and_what_ended_is_known(
    engine: KillableEngine, push_image: Any, images: Any, until: Any
) -> None:
    image = await push_image(
        "import pathlib, sys, time\n"
        "print('up', flush=True)\n"
        "while not pathlib.Path('/etc/order/end').exists(): time.sleep(0.02)\n"
        "sys.exit(7)\n"
    )
    await images.fetch(image)
    client = durable_client(engine.state)
    for name in ("lives", "ends"):
        await client.create(
            POD,
            {
                "metadata": {"name": name, "namespace": "demo"},
                "spec": {
                    "restartPolicy": "Never",
                    "volumes": [{"name": "order", "emptyDir": {}}],
                    "containers": [
                        {
                            "name": "main",
                            "image": image,
                            "volumeMounts": [{"name": "order", "mountPath": "/etc/order"}],
                        }
                    ],
                },
            },
        )
    await engine.start()

    async def ready() -> bool:
        pods = engine.objects("pods")
        return all(is_true(pod, "Ready") for pod in pods)

    await until(ready)
    before = sorted(engine.monitors())
    await engine.kill()
    [folder] = (engine.data / "pods").glob("demo_ends_*")
    (folder / "volumes/order/end").touch()

    async def ended() -> bool:
        return len(engine.monitors()) == 1

    await until(ended)
    await engine.start()

    async def noticed() -> bool:
        phases = {p["metadata"]["name"]: p["status"]["phase"] for p in engine.objects("pods")}
        return phases == {"lives": "Running", "ends": "Failed"}

    await until(noticed)
    [failed] = [p for p in engine.objects("pods") if p["metadata"]["name"] == "ends"]
    assert failed["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 7
    [living] = engine.monitors()
    assert living in before


async def test_processes_of_pods_deleted_meanwhile_are_ended(
    engine: KillableEngine, push_image: Any, images: Any, until: Any
) -> None:
    image = await push_image(SERVER)
    await images.fetch(image)
    await durable_client(engine.state).create(DEPLOYMENT, deployment(image, "hello"))
    await engine.start()

    async def two() -> bool:
        pods = engine.objects("pods")
        return len(pods) == 2 and all(is_true(pod, "Ready") for pod in pods)

    await until(two)
    await engine.kill()
    client = durable_client(engine.state)
    forced = engine.objects("pods")[0]["metadata"]["name"]
    await client.patch(POD, forced, {"metadata": {"finalizers": []}}, "demo")
    await client.delete(DEPLOYMENT, "web", "demo")
    assert len(engine.monitors()) == 2
    await engine.start()

    async def none() -> bool:
        return not engine.monitors() and not engine.objects("pods")

    await until(none)
