"""A server that runs beside the tests: in a thread with an event loop of its own.

So tests may block, or bring whatever event loop they like, and the server answers nevertheless.
It ends with the tests' process, whatever becomes of that.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from idp.embedded.apiserver.access.identity import MASTERS_GROUP
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.standard import NAMESPACE

_USER = "tests"

T = TypeVar("T")


class KubernetesApi:
    """A Kubernetes API for tests.

    Attributes:
        url: Its base address.
        kubeconfig: Path of a kubeconfig with all rights.
    """

    def __init__(self, server: ApiServer, kubeconfig: Path, loop: asyncio.AbstractEventLoop):
        self.url = server.url
        self.kubeconfig = kubeconfig
        self._inside = server.client(_USER, [MASTERS_GROUP])
        self._loop = loop

    def client(self) -> HttpClient:
        """A client with all rights for the test's own event loop; use it with `async with`."""
        return HttpClient(settings_from_kubeconfig(self.kubeconfig))

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """A namespace of its own; deleted, with what is in it, at the end."""
        manifest = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"generateName": "test-"},
        }
        created = self._run(self._inside.create(NAMESPACE, manifest))
        name: str = created["metadata"]["name"]
        try:
            yield name
        finally:
            self._run(self._inside.delete(NAMESPACE, name))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def running(folder: Path) -> Iterator[KubernetesApi]:
    """A server with an empty database in a folder.

    Raises:
        MissingPrerequisite: The folder is used by another server.
    """
    ready: Future[tuple[ApiServer, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(
        target=lambda: asyncio.run(_serve(folder / "data", ready)),
        name="kubernetes-api",
        daemon=True,
    )
    thread.start()
    server, loop, stop = ready.result()
    try:
        kubeconfig = folder / "kubeconfig"
        server.kubeconfig(_USER, path=kubeconfig)
        yield KubernetesApi(server, kubeconfig, loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _serve(
    data: Path, ready: Future[tuple[ApiServer, asyncio.AbstractEventLoop, asyncio.Event]]
) -> None:
    stop = asyncio.Event()
    try:
        server = ApiServer(ApiServerSettings(data=data, name="tests"))
        await server.start()
    except BaseException as error:
        ready.set_exception(error)  # the waiting thread raises it
        return
    ready.set_result((server, asyncio.get_running_loop(), stop))
    await stop.wait()
    await server.stop()
