"""How many pods to create and which to delete. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.embedded.workloads import pod_state
from idp.kernel.resource import Manifest

BURST = 50
"""Most pods created or deleted in one pass, so that a typing error in `replicas` hurts slowly."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do.

    Attributes:
        create: Number of pods to create.
        delete: Names of pods to delete.
    """

    create: int = 0
    delete: tuple[str, ...] = ()


def decide(replicas: int, pods: Sequence[Manifest]) -> Plan:
    """Compare the wanted number with the pods of a ReplicaSet; only active pods count."""
    active = [pod for pod in pods if pod_state.is_active(pod)]
    missing = replicas - len(active)
    if missing >= 0:
        return Plan(create=min(missing, BURST))
    victims = sorted(active, key=_worth)[: min(-missing, BURST)]
    return Plan(delete=tuple(pod["metadata"]["name"] for pod in victims))


def _worth(pod: Manifest) -> tuple[object, ...]:
    """Sort key: what to delete first. Pods that cannot serve, that crash, that are young."""
    since = pod_state.ready_since(pod)
    return (
        pod_state.phase(pod) != "Pending",
        since is not None,
        -pod_state.restarts(pod),
        -(since.timestamp() if since else 0.0),
        _reversed_time(pod["metadata"].get("creationTimestamp", "")),
        pod["metadata"]["name"],
    )


def _reversed_time(text: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in text)


def status(replica_set: Manifest, pods: Sequence[Manifest], now: datetime) -> Manifest:
    """The status of a ReplicaSet that has `pods`."""
    spec = replica_set["spec"]
    active = [pod for pod in pods if pod_state.is_active(pod)]
    wait = int(spec.get("minReadySeconds") or 0)
    template_labels = ((spec["template"].get("metadata") or {}).get("labels") or {}).items()
    return {
        "replicas": len(active),
        "fullyLabeledReplicas": sum(
            template_labels <= (pod["metadata"].get("labels") or {}).items() for pod in active
        ),
        "readyReplicas": sum(pod_state.ready_since(pod) is not None for pod in active),
        "availableReplicas": sum(pod_state.is_available(pod, wait, now) for pod in active),
        "observedGeneration": replica_set["metadata"].get("generation", 0),
    }
