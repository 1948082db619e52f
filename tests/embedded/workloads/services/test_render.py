"""Endpoints of a Service."""

from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.workloads.services.render import endpoints, local_port
from idp.kernel.resource import Manifest

SERVICE: Manifest = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "demo", "uid": "s", "labels": {"a": "b"}},
    "spec": {
        "selector": {"app": "web"},
        "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
    },
}


def pod(name: str, *, ready: bool = True, port: int | None = 31234, **more: Any) -> Manifest:
    meta: Manifest = {
        "name": name,
        "namespace": "demo",
        "uid": name,
        "labels": {"app": more.pop("app", "web")},
        **more,
    }
    if port is not None:
        meta["annotations"] = {"platform.idp/port": str(port)}
    condition = {
        "type": "Ready",
        "status": str(ready),
        "lastTransitionTime": "2026-11-24T12:00:00Z",
    }
    ports = [{"name": "http", "containerPort": 8080}, {"name": "admin", "containerPort": 9090}]
    return {
        "metadata": meta,
        "spec": {"containers": [{"name": "web", "ports": ports}]},
        "status": {"phase": "Running", "conditions": [condition]},
    }


def summary(subsets: list[Manifest]) -> list[tuple[str, str, int]]:
    return [
        (kind, subset[kind][0]["targetRef"]["name"], subset["ports"][0]["port"])
        for subset in subsets
        for kind in ("addresses", "notReadyAddresses")
        if kind in subset
    ]


def test_ready_and_other_pods_have_a_subset_each() -> None:
    pods = [
        pod("b", port=2),
        pod("a", port=1),
        pod("sick", ready=False, port=3),
        pod("going", deletionTimestamp="2026-11-24T12:00:00Z"),
        pod("stranger", app="other"),
        pod("early", port=None),
    ]
    result = endpoints(SERVICE, pods)
    assert summary(result["subsets"]) == [
        ("addresses", "a", 1),
        ("addresses", "b", 2),
        ("notReadyAddresses", "sick", 3),
    ]
    assert result["subsets"][0]["ports"] == [{"name": "http", "port": 1, "protocol": "TCP"}]
    assert result["metadata"]["ownerReferences"][0]["uid"] == "s"


@pytest.mark.parametrize(
    ("port", "expected"),
    [("http", 31234), (8080, 31234), ("admin", 9090), (9090, 9090), (5, 5), ("none", None)],
)
def test_only_the_first_port_is_moved(port: int | str, expected: int | None) -> None:
    assert local_port(pod("a"), port) == expected
