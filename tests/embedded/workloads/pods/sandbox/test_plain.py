"""On a machine without any sandbox the application runs all the same, and says what is missing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from idp.embedded.workloads.engine import WorkloadEngine
from idp.embedded.workloads.pods.logs import PodLogs
from idp.embedded.workloads.pods.orphans import remove_orphans
from idp.embedded.workloads.pods.sandbox.detect import Features
from idp.embedded.workloads.settings import WorkloadSettings
from idp.kernel.conditions import condition_of, is_true
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, POD

NOTHING = Features(sandbox=False, missing=("any namespace (not permitted)",))


@pytest.fixture
async def bare(
    machine: Any, client: MemoryClient, images: Any, tmp_path: Path
) -> AsyncIterator[Any]:
    """The machine's engine, replaced by one that may not isolate anything."""
    await machine.stop()
    engine = WorkloadEngine(
        client,
        data=machine.data,
        images=images,
        settings=WorkloadSettings(drain_seconds=0.0, restart_base_seconds=0.1),
        features=NOTHING,
    )
    machine.task = asyncio.create_task(engine.run())
    yield machine
    remove_orphans(machine.data, ())


def spec(image: str, **more: Any) -> Manifest:
    return {"containers": [{"name": "main", "image": image, **more.pop("container", {})}], **more}


async def log_of(machine: Any, pod: str) -> str:
    with contextlib.suppress(Exception):
        return b"".join([c async for c in PodLogs(machine.data).read("demo", pod)]).decode()
    return ""


async def test_it_runs_with_rewritten_paths_and_says_what_is_missing(
    bare: Any, push_image: Any
) -> None:
    image = await push_image(
        "import os, sys\nprint(open(os.environ['COLOUR_FILE']).read(), os.getcwd()[-4:])\n"
        "sys.exit(6)\n"
    )
    config: Manifest = {
        "metadata": {"name": "settings", "namespace": "demo"},
        "data": {"colour": "red"},
    }
    await bare.client.create(CONFIG_MAP, config)
    container = {
        "env": [{"name": "COLOUR_FILE", "value": "/etc/settings/colour"}],
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/settings"}],
    }
    volumes = [{"name": "settings", "configMap": {"name": "settings"}}]
    await bare.pod(
        "plain", spec(image, container=container, volumes=volumes, restartPolicy="Never")
    )
    pod = await bare.when(POD, "plain", lambda p: p["status"]["phase"] == "Failed")
    terminated = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (terminated["exitCode"], terminated["message"]) == (6, "red /app")
    condition = condition_of(pod, "SandboxUnavailable")
    assert condition is not None
    assert "any namespace (not permitted)" in condition["message"]


async def test_all_its_processes_end_with_it(bare: Any, push_image: Any) -> None:
    image = await push_image(
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    probe = {"exec": {"command": ["test", "-f", "main.py"]}, "periodSeconds": 1}
    await bare.pod("parent", spec(image, container={"readinessProbe": probe}))
    await bare.when(POD, "parent", lambda p: is_true(p, "Ready"))
    child = int((await bare.until(lambda: log_of(bare, "parent"))).strip())
    assert Path(f"/proc/{child}").exists()
    await bare.client.delete(POD, "parent", "demo")

    async def gone() -> bool:
        return not Path(f"/proc/{child}/exe").exists() and not await bare.pods()

    await bare.until(gone)


async def test_an_image_with_its_own_root_is_refused(bare: Any, push_image: Any) -> None:
    image = await push_image("x", Labels={})
    await bare.pod("rooted", spec(image))
    pod = await bare.when(
        POD,
        "rooted",
        lambda p: (
            p["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
            == "CreateContainerConfigError"
        ),
    )
    waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
    assert "brings its own root file system" in waiting["message"]
