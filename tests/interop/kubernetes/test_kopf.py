"""An operator written with kopf: handlers, a finalizer, status, events, and a restart."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from idp.apps.testing.server import KubernetesApi
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CUSTOM_RESOURCE_DEFINITION, EVENT

pytest.importorskip("kopf")

OPERATOR = Path(__file__).parent / "operator" / "lamps.py"
LAMP = ResourceType("kopf.example", "v1", "Lamp", "lamps")
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
LAMPS: Manifest = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "lamps.kopf.example"},
    "spec": {
        "group": "kopf.example",
        "scope": "Namespaced",
        "names": {"kind": "Lamp", "plural": "lamps", "singular": "lamp"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": ANYTHING, "status": ANYTHING},
                    }
                },
            }
        ],
    },
}


@contextmanager
def operator(api: KubernetesApi, namespace: str, log: Path) -> Iterator[None]:
    """A running operator; what it writes is shown when the test fails."""
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "-n", namespace, str(OPERATOR)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "KUBECONFIG": str(api.kubeconfig)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
        assert process.poll() is None, log.read_text()
    except BaseException:
        print(log.read_text())
        raise
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def lamps(api: KubernetesApi) -> AsyncIterator[HttpClient]:
    async with api.client() as client:
        await client.create(CUSTOM_RESOURCE_DEFINITION, LAMPS)
        try:
            yield client
        finally:
            await client.delete(CUSTOM_RESOURCE_DEFINITION, "lamps.kopf.example")


async def until(
    client: HttpClient, namespace: str, condition: Callable[[dict[str, Any]], bool]
) -> Manifest:
    """Watch the lamps until one is as wanted."""
    listed = await client.list(LAMP, namespace)
    for lamp in listed.items:
        if condition(lamp):
            return lamp
    async for event in client.watch(LAMP, namespace, resource_version=listed.resource_version):
        if event.type != "DELETED" and condition(event.object):
            return event.object
    raise AssertionError("the watch ended")


async def until_gone(client: HttpClient, namespace: str) -> None:
    listed = await client.list(LAMP, namespace)
    if listed.items:
        async for event in client.watch(LAMP, namespace, resource_version=listed.resource_version):
            if event.type == "DELETED":
                return


def has(**status: Any) -> Callable[[dict[str, Any]], bool]:
    return lambda lamp: status.items() <= (lamp.get("status") or {}).items()


async def test_an_operator_and_its_restart(
    kubernetes_api: KubernetesApi, kubernetes_namespace: str, tmp_path: Path
) -> None:
    namespace = kubernetes_namespace
    lamp = {"metadata": {"name": "l", "namespace": namespace}, "spec": {"colour": "red"}}
    async with lamps(kubernetes_api) as client:
        with operator(kubernetes_api, namespace, tmp_path / "log"):
            await client.create(LAMP, lamp)
            lit = await until(client, namespace, has(colour="red", handled="create"))
            assert lit["metadata"]["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]
            await client.patch(LAMP, "l", {"spec": {"colour": "blue"}}, namespace)
            await until(client, namespace, has(colour="blue", handled="update"))
        await client.patch(LAMP, "l", {"spec": {"colour": "green"}}, namespace)
        with operator(kubernetes_api, namespace, tmp_path / "log"):
            await until(client, namespace, has(colour="green", resumed=True))
            await client.delete(LAMP, "l", namespace)
            await until_gone(client, namespace)
        events = (await client.list(EVENT, namespace)).items
    assert "the lamp is lit" in [event["message"] for event in events]
