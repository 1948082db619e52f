"""Endpoints of a Service. Pure.

All pods share the machine's network, so every pod has a port of its own: a Service with two pods
becomes Endpoints with two subsets, each with its pod's port.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from idp.embedded.workloads import pod_state
from idp.kernel.manifest import owner_reference
from idp.kernel.resource import Manifest
from idp.kernel.selectors import selects
from idp.kernel.standard import ENDPOINTS, THIS_MACHINE


def selected(service: Manifest, pods: Iterable[Manifest]) -> list[Manifest]:
    """The active pods of a Service, by name."""
    selector = {"matchLabels": service["spec"].get("selector") or {}}
    own = [
        pod
        for pod in pods
        if pod_state.is_active(pod) and selects(selector, pod["metadata"].get("labels"))
    ]
    return sorted(own, key=lambda pod: str(pod["metadata"]["name"]))


def endpoints(service: Manifest, pods: Iterable[Manifest]) -> Manifest:
    """Where the pods of a Service answer; a terminating pod is in no list."""
    meta = service["metadata"]
    subsets = [s for pod in selected(service, pods) if (s := _subset(service, pod)) is not None]
    return {
        "apiVersion": ENDPOINTS.api_version,
        "kind": ENDPOINTS.kind,
        "metadata": {
            "name": meta["name"],
            "namespace": meta["namespace"],
            "labels": dict(meta.get("labels") or {}),
            "ownerReferences": [owner_reference(service)],
        },
        "subsets": subsets,
    }


def _subset(service: Manifest, pod: Manifest) -> Manifest | None:
    ports = [
        {
            **({"name": port["name"]} if port.get("name") else {}),
            "port": number,
            "protocol": port.get("protocol", "TCP"),
        }
        for port in service["spec"].get("ports") or []
        if (number := local_port(pod, port.get("targetPort", port["port"]))) is not None
    ]
    if not ports:
        return None
    meta = pod["metadata"]
    address: Manifest = {
        "ip": THIS_MACHINE,
        "targetRef": {
            "kind": "Pod",
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
        },
    }
    ready = pod_state.ready_since(pod) is not None
    return {("addresses" if ready else "notReadyAddresses"): [address], "ports": ports}


def local_port(pod: Manifest, port: Any) -> int | None:
    """Where a port of a pod is on this machine.

    Args:
        pod: The pod.
        port: A number, or the name of a containerPort.

    Returns:
        The allocated port for the pod's first containerPort, the number itself for any other; None
        for an unknown name, and before the port is allocated.
    """
    first = pod_state.first_container_port(pod["spec"])
    if first is not None and port in (first["containerPort"], first.get("name")):
        return pod_state.allocated_port(pod)
    if isinstance(port, int) or str(port).isdigit():
        return int(port)
    for container in pod["spec"].get("containers") or []:
        for declared in container.get("ports") or []:
            if declared.get("name") == port:
                return int(declared["containerPort"])
    return None
