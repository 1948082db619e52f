"""What kube-apiserver 1.36 answered to the same objects."""

from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.apiserver.admission.limits import (
    ANNOTATION,
    claim_violations,
    pod_violations,
    set_limit_defaults,
    set_range_defaults,
)
from idp.kernel.resource import Manifest

RANGE: Manifest = {
    "spec": {
        "limits": [
            {
                "type": "Container",
                "default": {"cpu": "200m"},
                "defaultRequest": {"cpu": "100m"},
                "min": {"memory": "64Mi", "cpu": "50m"},
                "max": {"memory": "512Mi", "cpu": "1"},
                "maxLimitRequestRatio": {"cpu": "4"},
            },
            {
                "type": "Pod",
                "max": {"cpu": "2", "memory": "600Mi"},
                "min": {"memory": "100Mi"},
                "maxLimitRequestRatio": {"memory": "2"},
            },
            {
                "type": "PersistentVolumeClaim",
                "min": {"storage": "1Gi"},
                "max": {"storage": "2Gi"},
            },
        ]
    }
}
set_range_defaults(RANGE)


def resources(requests: Manifest | None = None, limits: Manifest | None = None) -> Manifest:
    found = {"requests": {**(limits or {}), **(requests or {})}, "limits": limits or {}}
    return {name: value for name, value in found.items() if value}


def pod(*containers: Manifest, init: Any = ()) -> Manifest:
    return {
        "metadata": {"name": "p"},
        "spec": {
            "containers": [
                {"name": f"c{n}", "resources": stated} for n, stated in enumerate(containers)
            ],
            "initContainers": [
                {"name": f"i{n}", "resources": stated} for n, stated in enumerate(init)
            ],
        },
    }


def judged(manifest: Manifest) -> list[str]:
    set_limit_defaults(manifest, [RANGE])
    return pod_violations(manifest, [RANGE])


def test_a_range_is_completed() -> None:
    assert RANGE["spec"]["limits"][0]["default"] == {"cpu": "200m", "memory": "512Mi"}
    assert RANGE["spec"]["limits"][0]["defaultRequest"] == {"cpu": "100m", "memory": "512Mi"}
    assert "default" not in RANGE["spec"]["limits"][1]


def test_what_a_container_does_not_state_it_gets() -> None:
    manifest = pod({}, init=[{"limits": {"cpu": "200m"}}])
    assert judged(manifest) == []
    assert manifest["spec"]["containers"][0]["resources"] == {
        "requests": {"cpu": "100m", "memory": "512Mi"},
        "limits": {"cpu": "200m", "memory": "512Mi"},
    }
    assert manifest["metadata"]["annotations"][ANNOTATION] == (
        "LimitRanger plugin set: cpu, memory request for container c0; cpu, memory limit for "
        "container c0; cpu, memory request for init container i0; memory limit for init container "
        "i0"
    )


def test_where_all_is_stated_nothing_is_set() -> None:
    manifest = pod(resources({}, {"cpu": "200m", "memory": "100Mi"}))
    set_limit_defaults(manifest, [RANGE])
    assert "annotations" not in manifest["metadata"]


@pytest.mark.parametrize(
    ("manifest", "violations"),
    [
        (
            pod(resources({"cpu": "10m", "memory": "1Gi"}, {"cpu": "3", "memory": "2Gi"})),
            [
                "minimum cpu usage per Container is 50m, but request is 10m",
                "maximum cpu usage per Container is 1, but limit is 3",
                "maximum memory usage per Container is 512Mi, but limit is 2Gi",
                "cpu max limit to request ratio per Container is 4, but provided ratio is "
                "300.000000",
                "maximum cpu usage per Pod is 2, but limit is 3",
                "maximum memory usage per Pod is 600Mi, but limit is 2Gi",
            ],
        ),
        (
            pod(
                resources({}, {"cpu": "1", "memory": "70Mi"}),
                resources({"cpu": "60m", "memory": "70Mi"}, {"memory": "100Mi", "cpu": "1"}),
            ),
            ["cpu max limit to request ratio per Container is 4, but provided ratio is 16.666667"],
        ),
        (
            pod(
                resources({}, {"memory": "512Mi"}),
                resources({"memory": "70Mi"}, {"memory": "100Mi"}),
            ),
            ["maximum memory usage per Pod is 600Mi, but limit is 612Mi"],
        ),
        (
            pod(
                resources({"memory": "100Mi"}, {"memory": "300Mi"}),
                init=[resources({}, {"memory": "100Mi"})],
            ),
            ["memory max limit to request ratio per Pod is 2, but provided ratio is 3.000000"],
        ),
        (
            pod(resources({"memory": "100Mi"})),
            ["memory max limit to request ratio per Pod is 2, but provided ratio is 5.120000"],
        ),
    ],
)
def test_pods_that_break_limits(manifest: Manifest, violations: list[str]) -> None:
    assert judged(manifest) == violations


def test_what_must_be_stated() -> None:
    limits: list[Manifest] = [
        {
            "type": "Container",
            "min": {"cpu": "1"},
            "max": {"cpu": "2"},
            "maxLimitRequestRatio": {"cpu": 2},
        }
    ]
    assert pod_violations(pod({}), [{"spec": {"limits": limits}}]) == [
        "minimum cpu usage per Container is 1.  No request is specified",
        "maximum cpu usage per Container is 2.  No limit is specified",
        "cpu max limit to request ratio per Container is 2, but no request is specified or "
        "request is 0",
    ]


@pytest.mark.parametrize(
    ("storage", "violations"),
    [
        ("500Mi", ["minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi"]),
        ("3Gi", ["maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"]),
        ("1Gi", []),
    ],
)
def test_claims(storage: str, violations: list[str]) -> None:
    claim = {"spec": {"resources": {"requests": {"storage": storage}}}}
    assert claim_violations(claim, [RANGE]) == violations
