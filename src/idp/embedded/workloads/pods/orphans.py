"""Processes and folders of pods that no longer exist."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Collection
from pathlib import Path

import structlog

from idp.embedded.workloads.pods import process as processes
from idp.embedded.workloads.pods.folders import PodFolder, pod_folders, token
from idp.embedded.workloads.pods.process import Process
from idp.embedded.workloads.pods.record import ContainerRecord
from idp.embedded.workloads.pods.restarts import STOPPED

log = structlog.get_logger(__name__)


def remove_orphans(data: Path, uids: Collection[str]) -> None:
    """End processes and remove folders of pods that are not among `uids`. Blocks."""
    for folder in pod_folders(data):
        if folder.uid not in uids:
            log.warning("removing a pod that no longer exists", folder=folder.path.name)
            for process in living(folder):
                process.kill()
            shutil.rmtree(folder.path, ignore_errors=True)
    prefix = f"idp:{token(data)}:"
    for pid, name in processes.monitors(prefix):
        if name.removeprefix(prefix).partition("/")[0] not in uids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def living(folder: PodFolder) -> list[Process]:
    """Processes of a pod that may still run."""
    found = []
    for name in folder.containers():
        container = folder.container(name)
        record = ContainerRecord.load(container.record)
        if record.process is not None and record.terminated is None:
            found.append(Process(record.process, container.status(record.attempt)))
    return found


def _note_stop(folder: PodFolder) -> None:
    """So that the next engine does not take the end for a crash."""
    for name in folder.containers():
        record = ContainerRecord.load(folder.container(name).record)
        if record.running:
            record.ending_reason = STOPPED
            record.save()


async def stop_everything(data: Path, *, grace: float = 10.0) -> None:
    """End all processes of an engine that does not run: SIGTERM, then SIGKILL after `grace`.

    The pods stay in the API. The next engine finds their processes ended and starts them again.
    """
    ending = [process for folder in pod_folders(data) for process in living(folder)]
    for folder in pod_folders(data):
        _note_stop(folder)
    for process in ending:
        process.signal(signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace):
            await asyncio.gather(*(process.wait() for process in ending))
    for process in ending:
        process.kill()
