"""Pod logs from a source, and events in both of their shapes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import EVENT, POD

NEW_EVENT = ResourceType("events.k8s.io", "v1", "Event", "events")


class Logs:
    """Answers with what it was asked for."""

    async def read(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        timestamps: bool = False,
    ) -> AsyncIterator[bytes]:
        if container == "silent":
            raise NotFound("no log yet")
        yield f"{namespace}/{pod}/{container}\n".encode()
        yield f"{follow} {tail_lines} {since_seconds} {timestamps}\n".encode()


def pod(*containers: str) -> Manifest:
    return {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": name, "image": "x"} for name in containers]},
    }


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[HttpClient]:
    server = ApiServer(ApiServerSettings(data=tmp_path / "data"), pod_logs=Logs())
    async with server:
        path = tmp_path / "kubeconfig"
        server.kubeconfig(path=path)
        async with HttpClient(settings_from_kubeconfig(path)) as client:
            yield client


async def read(
    client: HttpClient, container: str | None = None, tail_lines: int | None = None
) -> str:
    chunks = client.logs("p", "default", container=container, tail_lines=tail_lines)
    return b"".join([chunk async for chunk in chunks]).decode()


async def test_logs_are_streamed(http: HttpClient) -> None:
    await http.create(POD, pod("web"))
    assert await read(http, tail_lines=5) == "default/p/web\nFalse 5 None False\n"


async def test_a_container_must_be_named_when_there_are_several(http: HttpClient) -> None:
    await http.create(POD, pod("web", "silent"))
    with pytest.raises(InvalidInput, match=r"choose one of: \[web silent\]"):
        await read(http)
    with pytest.raises(InvalidInput, match="container other is not valid"):
        await read(http, "other")
    with pytest.raises(NotFound, match="no log yet"):
        await read(http, "silent")
    assert (await read(http, "web")).startswith("default/p/web")


async def test_logs_of_no_pod(http: HttpClient) -> None:
    with pytest.raises(NotFound, match='pods "p" not found'):
        await read(http)


async def test_an_event_has_two_shapes(http: HttpClient) -> None:
    event: Manifest = {
        "metadata": {"name": "e", "namespace": "default"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "example.com/controller",
        "reportingInstance": "one",
        "action": "Started",
        "reason": "Started",
        "type": "Normal",
        "note": "it has begun",
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
    }
    await http.create(NEW_EVENT, event)
    core = await http.get(EVENT, "e", "default")
    assert core["message"] == "it has begun"
    assert core["involvedObject"]["name"] == "p"
    assert core["reportingComponent"] == "example.com/controller"
    again = await http.get(NEW_EVENT, "e", "default")
    assert again["note"] == "it has begun"
    assert again["regarding"]["name"] == "p"
    selected = await http.list(EVENT, "default", field_selector="involvedObject.name=p")
    assert len(selected.items) == 1
