from __future__ import annotations

import pytest

from idp.embedded.apiserver.admission.quota.usage import unstated, usage_of
from idp.kernel.resource import Manifest


def pod(*containers: Manifest, phase: str = "Pending", **spec: object) -> Manifest:
    named = [{"name": f"c{n}", "resources": r} for n, r in enumerate(containers)]
    return {"spec": {"containers": named, **spec}, "status": {"phase": phase}}


def shown(resource: str, manifest: Manifest) -> dict[str, str]:
    return {name: str(amount) for name, amount in usage_of(resource, manifest).items()}


def test_pods_count_what_their_containers_ask_for() -> None:
    manifest = pod(
        {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": "1"}},
        {"requests": {"cpu": "400m", "example.com/gpu": 2}},
        initContainers=[
            {"name": "i", "resources": {"requests": {"memory": "3Gi"}}},
            {
                "name": "sidecar",
                "restartPolicy": "Always",
                "resources": {"requests": {"cpu": "50m"}},
            },
        ],
        overhead={"cpu": "10m", "memory": "1Mi"},
    )
    assert shown("/pods", manifest) == {
        "count/pods": "1",
        "pods": "1",
        "cpu": "560m",
        "requests.cpu": "560m",
        "memory": "3073Mi",
        "requests.memory": "3073Mi",
        "requests.example.com/gpu": "2",
        "limits.cpu": "1010m",
    }


def test_a_pod_that_is_over_is_only_an_object() -> None:
    manifest = pod({"requests": {"cpu": "1"}}, phase="Succeeded")
    assert shown("/pods", manifest) == {"count/pods": "1"}


@pytest.mark.parametrize(
    ("spec", "counted"),
    [
        ({"type": "ClusterIP"}, {}),
        ({"type": "NodePort", "ports": [{}, {}]}, {"services.nodeports": "2"}),
        (
            {"type": "LoadBalancer", "ports": [{}]},
            {"services.loadbalancers": "1", "services.nodeports": "1"},
        ),
        (
            {"type": "LoadBalancer", "ports": [{}], "allocateLoadBalancerNodePorts": False},
            {"services.loadbalancers": "1"},
        ),
    ],
)
def test_services(spec: Manifest, counted: dict[str, str]) -> None:
    own = {"count/services": "1", "services": "1"}
    assert shown("/services", {"spec": spec}) == own | counted


def test_claims_count_in_all_and_by_class() -> None:
    spec = {"resources": {"requests": {"storage": "5Gi"}}, "storageClassName": "fast"}
    assert shown("/persistentvolumeclaims", {"spec": spec}) == {
        "count/persistentvolumeclaims": "1",
        "persistentvolumeclaims": "1",
        "requests.storage": "5Gi",
        "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        "fast.storageclass.storage.k8s.io/requests.storage": "5Gi",
    }


def test_every_other_kind_counts_by_its_name() -> None:
    assert shown("apps/deployments", {}) == {"count/deployments.apps": "1"}
    assert shown("example.com/widgets", {}) == {"count/widgets.example.com": "1"}
    assert shown("/secrets", {}) == {"count/secrets": "1", "secrets": "1"}


def test_what_a_quota_counts_must_be_stated() -> None:
    hard = ("limits.memory", "requests.cpu", "pods")
    assert unstated(pod({}, {"requests": {"cpu": "1"}}), hard) == (
        "limits.memory for: c0,c1; requests.cpu for: c0"
    )
    assert unstated(pod({}), ("memory",)) == "memory for: c0"
    assert unstated(pod({"requests": {"cpu": "1"}, "limits": {"memory": "1"}}), hard) == ""
    assert unstated(pod({}, resources={"requests": {"cpu": "1"}}), hard) == ""
    assert unstated(pod({}), ("pods", "requests.storage")) == ""
