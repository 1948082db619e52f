"""Deployments over ReplicaSets that other hands fill with pods."""

from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.workloads.deployments.reconcile import REVISION, DeploymentReconciler
from idp.embedded.workloads.events import EventRecorder
from idp.embedded.workloads.pod_template import TEMPLATE_HASH
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Request
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest
from idp.kernel.standard import DEPLOYMENT, REPLICA_SET

WEB = Request("demo", "web")


class Rollouts:
    """A Deployment whose ReplicaSets always get what they ask for."""

    def __init__(self, client: MemoryClient) -> None:
        self.client = client
        self.reconciler = DeploymentReconciler(client, EventRecorder(client))

    async def create(self, image: str = "one", **spec: Any) -> None:
        await self.client.create(
            DEPLOYMENT,
            {
                "metadata": {"name": "web", "namespace": "demo"},
                "spec": {
                    "replicas": 3,
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": self.template(image),
                    **spec,
                },
            },
        )

    @staticmethod
    def template(image: str) -> Manifest:
        return {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": image}]},
        }

    async def change(self, **spec: Any) -> None:
        await self.client.patch(DEPLOYMENT, "web", {"spec": spec}, "demo")

    async def settle(self) -> dict[str, int]:
        """Reconcile until nothing changes; gives the pods of every image."""
        while True:
            before = self.client._version
            await self.reconciler.reconcile(WEB)
            for replica_set in (await self.client.list(REPLICA_SET, "demo")).items:
                count = replica_set["spec"]["replicas"]
                status = {
                    "replicas": count,
                    "readyReplicas": count,
                    "availableReplicas": count,
                }
                name = replica_set["metadata"]["name"]
                await self.client.patch(REPLICA_SET, name, {"status": status}, "demo")
            if self.client._version == before:
                return await self.images()

    async def images(self) -> dict[str, int]:
        return {
            r["spec"]["template"]["spec"]["containers"][0]["image"]: r["spec"]["replicas"]
            for r in (await self.client.list(REPLICA_SET, "demo")).items
        }

    async def revisions(self) -> dict[str, str]:
        return {
            r["spec"]["template"]["spec"]["containers"][0]["image"]: r["metadata"]["annotations"][
                REVISION
            ]
            for r in (await self.client.list(REPLICA_SET, "demo")).items
        }


@pytest.fixture
def rollouts(client: MemoryClient) -> Rollouts:
    return Rollouts(client)


@pytest.mark.parametrize("strategy", ["RollingUpdate", "Recreate"])
async def test_an_update_ends_with_the_new_template_only(rollouts: Rollouts, strategy: str) -> None:
    await rollouts.create(strategy={"type": strategy})
    assert await rollouts.settle() == {"one": 3}
    await rollouts.change(template=rollouts.template("two"))
    assert await rollouts.settle() == {"one": 0, "two": 3}
    deployment = await rollouts.client.get(DEPLOYMENT, "web", "demo")
    assert condition_of(deployment, "Progressing")["reason"] == "NewReplicaSetAvailable"  # type: ignore[index]
    assert deployment["metadata"]["annotations"][REVISION] == "2"


async def test_going_back_takes_the_old_replica_set_again(rollouts: Rollouts) -> None:
    await rollouts.create()
    await rollouts.settle()
    await rollouts.change(template=rollouts.template("two"))
    await rollouts.settle()
    await rollouts.change(template=rollouts.template("one"))
    assert await rollouts.settle() == {"one": 3, "two": 0}
    assert await rollouts.revisions() == {"one": "3", "two": "2"}


async def test_history_is_limited(rollouts: Rollouts) -> None:
    await rollouts.create(revisionHistoryLimit=1)
    for image in ("one", "two", "three"):
        await rollouts.change(template=rollouts.template(image))
        await rollouts.settle()
    assert await rollouts.settle() == {"two": 0, "three": 3}


async def test_paused_scales_and_does_not_update(rollouts: Rollouts) -> None:
    await rollouts.create()
    await rollouts.settle()
    await rollouts.change(paused=True, replicas=5, template=rollouts.template("two"))
    assert await rollouts.settle() == {"one": 5}
    await rollouts.change(paused=False)
    assert await rollouts.settle() == {"one": 0, "two": 5}


async def test_labels_carry_the_hash_of_the_template(rollouts: Rollouts) -> None:
    await rollouts.create()
    await rollouts.settle()
    [replica_set] = (await rollouts.client.list(REPLICA_SET, "demo")).items
    hash = replica_set["metadata"]["labels"][TEMPLATE_HASH]
    assert replica_set["metadata"]["name"] == f"web-{hash}"
    assert replica_set["spec"]["selector"]["matchLabels"][TEMPLATE_HASH] == hash
    assert replica_set["spec"]["template"]["metadata"]["labels"][TEMPLATE_HASH] == hash


async def test_a_name_that_is_taken_makes_another_hash(rollouts: Rollouts) -> None:
    await rollouts.create()
    await rollouts.settle()
    [taken] = (await rollouts.client.list(REPLICA_SET, "demo")).items
    name = taken["metadata"]["name"]
    await rollouts.client.delete(REPLICA_SET, name, "demo")
    await rollouts.client.create(
        REPLICA_SET,
        {
            "metadata": {"name": name, "namespace": "demo"},
            "spec": {"replicas": 0, "template": rollouts.template("stranger")},
        },
    )
    assert await rollouts.settle() == {"stranger": 0, "one": 3}
    deployment = await rollouts.client.get(DEPLOYMENT, "web", "demo")
    assert deployment["status"]["collisionCount"] == 1
