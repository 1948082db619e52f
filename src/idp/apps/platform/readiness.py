"""Whether the parts of the platform answer, each asked at its own door."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from idp.apps.platform.child import NEEDS_HELP, describe_exit
from idp.apps.platform.last_words import last_words
from idp.apps.platform.layout import Layout
from idp.apps.platform.processes import ProcessState, processes
from idp.apps.platform.settings import PlatformSettings
from idp.kernel.kubeconfig import ConnectionSettings, settings_from_kubeconfig, tls_context

ASK_SECONDS = 2.0

State = Literal["running", "starting", "stopped"]


@dataclass(frozen=True, slots=True)
class PartState:
    """One part of the platform.

    Attributes:
        name: `hub` or an environment.
        state: `running` when it answers everywhere it should.
        pid: Of its process; 0 while none runs.
        restarts: How often it died since the supervisor started.
        message: What it waits for, or how and why it died.
        url: Its address for people.
        remedy: What a person can do when it died; empty when it did not say.
        hopeless: Whether it said that it cannot work until a person has changed something.
    """

    name: str
    state: State
    pid: int
    restarts: int
    message: str
    url: str
    remedy: str = ""
    hopeless: bool = False


async def parts(layout: Layout, settings: PlatformSettings) -> list[PartState]:
    """The state of the hub and of every instance, asked side by side."""
    known = {process.name: process for process in processes(layout)}
    names = ["hub", *settings.instances]
    return list(
        await asyncio.gather(*(_part(layout, settings, name, known.get(name)) for name in names))
    )


async def _part(
    layout: Layout, settings: PlatformSettings, name: str, process: ProcessState | None
) -> PartState:
    url = settings.hub_url
    if name != "hub":
        url = f"http://127.0.0.1:{settings.instances[name].gateway}"
    if process is None or (process.pid == 0 and not process.last_exit):
        return PartState(name, "stopped", 0, 0, "", url)
    if process.pid == 0:
        return _dead(layout, process, url)
    waits = await (
        _hub_waits(settings) if name == "hub" else _instance_waits(layout, settings, name)
    )
    state: State = "starting" if waits else "running"
    return PartState(name, state, process.pid, process.restarts, waits, url)


def _dead(layout: Layout, process: ProcessState, url: str) -> PartState:
    words = last_words(layout.log(process.name))
    why = f": {words.message}" if words.message else ""
    return PartState(
        process.name,
        "stopped",
        0,
        process.restarts,
        f"it died ({process.last_exit}){why}",
        url,
        remedy=words.remedy,
        hopeless=process.last_exit == describe_exit(NEEDS_HELP),
    )


async def _hub_waits(settings: PlatformSettings) -> str:
    return "" if await _answers(settings.hub, "/healthz") else "waiting for the hub to answer"


async def _instance_waits(layout: Layout, settings: PlatformSettings, name: str) -> str:
    ports, kubeconfig = settings.instances[name], layout.instance(name).kubeconfig
    if not kubeconfig.exists():
        return "waiting for the certificates"
    if not await _api_answers(settings_from_kubeconfig(kubeconfig)):
        return "waiting for the API server"
    if not await _answers(ports.gateway, None):
        return "waiting for the gateway"
    return ""


async def _api_answers(connection: ConnectionSettings) -> bool:
    url, context = urlsplit(connection.server), tls_context(connection)
    if not isinstance(context, ssl.SSLContext):
        return False  # an API without TLS gets no credentials
    return await _answers(
        url.port or 443,
        f"{url.path}/readyz",
        host=url.hostname or "",
        tls=context,
        token=connection.token,
    )


async def _answers(
    port: int,
    path: str | None,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    token: str | None = None,
) -> bool:
    """Whether something answers 200 to `path`, or takes a connection when `path` is None."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
            try:
                if path is None:
                    return True
                headers = {"Host": "localhost", "Connection": "close"}
                if token:
                    headers["Authorization"] = f"Bearer {token}"
                lines = [f"GET {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
                writer.write("\r\n".join([*lines, "", ""]).encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
