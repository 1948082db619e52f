"""Adoption: a ReplicaSet takes what matches and lets go of what no longer does."""

from __future__ import annotations

from idp.embedded.workloads.events import EventRecorder
from idp.embedded.workloads.pod_state import controller_of
from idp.embedded.workloads.replicasets.reconcile import ReplicaSetReconciler
from idp.kernel.controller import Request
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest
from idp.kernel.standard import POD, REPLICA_SET

REPLICAS: Manifest = {
    "metadata": {"name": "web", "namespace": "demo"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "x"}]},
        },
    },
}


async def test_adopts_matching_pods_and_releases_others(client: MemoryClient) -> None:
    reconciler = ReplicaSetReconciler(client, EventRecorder(client))
    orphan: Manifest = {
        "metadata": {"name": "orphan", "namespace": "demo", "labels": {"app": "web"}},
        "spec": {"containers": []},
    }
    await client.create(POD, orphan)
    await client.create(REPLICA_SET, REPLICAS)
    await reconciler.reconcile(Request("demo", "web"))
    pods = (await client.list(POD, "demo")).items
    assert len(pods) == 2
    assert all(controller_of(pod) for pod in pods)
    relabelled: Manifest = {"metadata": {"labels": {"app": "other"}}}
    await client.patch(POD, "orphan", relabelled, "demo")
    await reconciler.reconcile(Request("demo", "web"))
    assert controller_of(await client.get(POD, "orphan", "demo")) is None
    assert len((await client.list(POD, "demo", label_selector="app=web")).items) == 2


async def test_status_is_written_once(client: MemoryClient) -> None:
    reconciler = ReplicaSetReconciler(client, EventRecorder(client))
    await client.create(REPLICA_SET, REPLICAS)
    await reconciler.reconcile(Request("demo", "web"))
    first = await client.get(REPLICA_SET, "web", "demo")
    assert first["status"]["replicas"] == 2
    await reconciler.reconcile(Request("demo", "web"))
    assert await client.get(REPLICA_SET, "web", "demo") == first
