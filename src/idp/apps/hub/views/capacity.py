"""How much of this machine an instance's applications ask for, and how much there is."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from pydantic import ConfigDict

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.gather import gather, listing
from idp.apps.hub.views.model import View
from idp.apps.platform.layout import Layout
from idp.embedded.workloads.pods.quantity import parse_quantity
from idp.kernel.access import Principal
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest
from idp.kernel.standard import POD

_MEMORY = Path("/proc/meminfo")


class MachineView(View):
    """The machine that the hub runs on.

    Attributes:
        processors: How many there are.
        load: Processes that ran or waited to run, mean of the last minute.
        memory: Bytes that there are.
        memory_free: Bytes that can be had without swapping.
        disk: Bytes of the file system that holds the data folder.
        disk_free: Bytes of it that are free.
    """

    processors: int
    load: float
    memory: int
    memory_free: int
    disk: int
    disk_free: int


class CapacityView(View):
    """What an instance's pods ask for.

    Attributes:
        environment: The instance.
        pods: How many there are that have not ended.
        ready: How many of them are ready.
        cpu_requested: Processors that they ask for together.
        memory_requested: Bytes that they ask for together.
        data: Bytes of the instance's own databases.
        machine: What there is.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "environment": "uat",
                    "pods": 4,
                    "ready": 4,
                    "cpuRequested": 0.2,
                    "memoryRequested": 1073741824,
                    "data": 1261568,
                    "machine": {"processors": 2, "load": 0.4, "memory": 8589934592},
                }
            ]
        }
    )

    environment: str
    pods: int
    ready: int
    cpu_requested: float
    memory_requested: int
    data: int
    machine: MachineView


async def capacity(
    layout: Layout, instances: Instances, principal: Principal, environment: str
) -> CapacityView:
    """What the pods that the caller may see ask for.

    Raises:
        IdpError: The instance does not answer, or the caller may not look.
    """
    answers = await gather(instances, principal, listing(POD), environments=(environment,))
    answer = answers[environment]
    if isinstance(answer, IdpError):
        raise answer
    pods = [p for p in answer[POD.kind] if _phase(p) not in ("Succeeded", "Failed")]
    return CapacityView(
        environment=environment,
        pods=len(pods),
        ready=sum(map(_ready, pods)),
        cpu_requested=float(requested(pods, "cpu")),
        memory_requested=int(requested(pods, "memory")),
        data=await asyncio.to_thread(_data, layout, environment),
        machine=await asyncio.to_thread(machine, layout.folder),
    )


def requested(pods: Sequence[Manifest], resource: str) -> Decimal:
    """What the containers of pods ask for together. Pure."""
    return sum(
        (
            parse_quantity(str(quantity))
            for pod in pods
            for container in pod["spec"].get("containers") or []
            if (
                quantity := ((container.get("resources") or {}).get("requests") or {}).get(resource)
            )
            is not None
        ),
        Decimal(0),
    )


def machine(folder: Path) -> MachineView:
    """What this machine has. Blocks."""
    memory = {
        line.split(":")[0]: int(line.split()[1]) * 1024 for line in _MEMORY.read_text().splitlines()
    }
    disk = shutil.disk_usage(folder)
    return MachineView(
        processors=os.cpu_count() or 1,
        load=os.getloadavg()[0],
        memory=memory["MemTotal"],
        memory_free=memory["MemAvailable"],
        disk=disk.total,
        disk_free=disk.free,
    )


def _phase(pod: Manifest) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def _ready(pod: Manifest) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _data(layout: Layout, environment: str) -> int:
    instance = layout.instance(environment)
    files = [instance.history, *(f for f in instance.apiserver.rglob("*") if f.is_file())]
    return sum(file.stat().st_size for file in files if file.exists())
