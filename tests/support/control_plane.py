"""A real etcd and kube-apiserver for tests, with the product's own code, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from idp.apps.instance.control_planes.envtest import open_envtest
from idp.apps.instance.control_planes.ports import Place
from idp.apps.instance.runnables import Parts
from idp.apps.platform.control_plane import ControlPlaneSettings
from idp.apps.platform.layout import Layout
from idp.embedded.controlplane.binaries import Binaries, find_binaries
from idp.kernel.audit import AuditLog
from idp.kernel.database import open_database
from idp.kernel.errors import MissingPrerequisite

ENVIRONMENT = "development"


def missing_binaries() -> str:
    """Why there can be no real control plane; empty when there can."""
    try:
        find_binaries(os.environ)
    except MissingPrerequisite as error:
        return error.message
    return ""


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class RealApi:
    """A server that answers.

    Attributes:
        place: Its folders, its port, its audit chain.
    """

    place: Place

    @property
    def kubeconfig(self) -> Path:
        """Of the administrator."""
        return self.place.folders.kubeconfig

    @property
    def folder(self) -> Path:
        """Where etcd and kube-apiserver work."""
        return self.place.folders.control_plane


def place(data: Path, binaries: Binaries) -> Place:
    """Of an instance that is nothing but its control plane."""
    layout = Layout(data)
    layout.instance(ENVIRONMENT).folder.mkdir(parents=True)
    database = open_database(f"sqlite:///{layout.instance(ENVIRONMENT).history}", [])
    settings = ControlPlaneSettings(kind="envtest", assets=str(binaries.folder))
    return Place(layout, ENVIRONMENT, free_port(), settings, AuditLog(database))


@contextmanager
def running_api(data: Path) -> Iterator[RealApi]:
    """Start a control plane and what runs beside it; stop both at the end."""
    api = RealApi(place(data, find_binaries(os.environ)))
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_run(api, ready)), name="real-api")
    thread.start()
    try:
        loop, stop = ready.result()
        yield api
        loop.call_soon_threadsafe(stop.set)
    finally:
        thread.join()


async def _run(
    api: RealApi, ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]
) -> None:
    stop = asyncio.Event()
    try:
        async with open_envtest(api.place) as control_plane:
            await control_plane.publish()
            parts = Parts()
            for name, part in control_plane.parts.items():
                parts.add(name, part)
            running = asyncio.create_task(parts.run())
            ready.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    except BaseException as error:
        if not ready.done():
            ready.set_exception(error)
            return
        raise
