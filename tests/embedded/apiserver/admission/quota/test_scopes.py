from __future__ import annotations

import pytest

from idp.embedded.apiserver.admission.quota.scopes import is_about
from idp.embedded.apiserver.admission.quota.validation import quota_causes
from idp.kernel.resource import Manifest

CONTAINER = {"name": "c", "resources": {"requests": {"cpu": "1"}}}
TERM = {"topologyKey": "zone", "namespaces": ["other"]}


def pod(**spec: object) -> Manifest:
    return {"spec": {"containers": [{"name": "c"}], **spec}}


def classes(operator: str, *values: str) -> Manifest:
    expression = {"scopeName": "PriorityClass", "operator": operator, "values": list(values)}
    return {"scopeSelector": {"matchExpressions": [expression]}}


@pytest.mark.parametrize(
    ("quota", "manifest", "about"),
    [
        ({}, pod(), True),
        ({"scopes": ["Terminating"]}, pod(), False),
        ({"scopes": ["Terminating"]}, pod(activeDeadlineSeconds=0), True),
        ({"scopes": ["NotTerminating"]}, pod(), True),
        ({"scopes": ["BestEffort"]}, pod(), True),
        ({"scopes": ["BestEffort"]}, pod(containers=[CONTAINER]), False),
        ({"scopes": ["NotBestEffort"]}, pod(initContainers=[CONTAINER]), True),
        ({"scopes": ["NotBestEffort", "Terminating"]}, pod(containers=[CONTAINER]), False),
        ({"scopes": ["PriorityClass"]}, pod(), False),
        ({"scopes": ["PriorityClass"]}, pod(priorityClassName="high"), True),
        (classes("In", "high", "low"), pod(priorityClassName="high"), True),
        (classes("In", "low"), pod(priorityClassName="high"), False),
        (classes("NotIn", "low"), pod(priorityClassName="high"), True),
        (classes("DoesNotExist"), pod(), True),
        ({"scopes": ["CrossNamespacePodAffinity"]}, pod(), False),
        (
            {"scopes": ["CrossNamespacePodAffinity"]},
            pod(
                affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}}
            ),
            True,
        ),
    ],
)
def test_pods_in_scopes(quota: Manifest, manifest: Manifest, about: bool) -> None:
    assert is_about(quota, "/pods", manifest) is about


def test_a_quota_with_scopes_is_about_nothing_else() -> None:
    assert not is_about({"scopes": ["Terminating"]}, "/configmaps", {"spec": {}})
    assert is_about({}, "/configmaps", {})
    volume = {"scopes": ["VolumeAttributesClass"]}
    claim = {"spec": {"volumeAttributesClassName": "gold"}}
    assert is_about(volume, "/persistentvolumeclaims", claim)


@pytest.mark.parametrize(
    ("spec", "messages"),
    [
        ({"hard": {"pods": "1", "requests.cpu": "1", "count/x.example.com": "5"}}, []),
        ({"hard": {"requests.example.com/gpu": "4", "hugepages-2Mi": "1Gi"}}, []),
        ({"hard": {"pods": "5"}, "scopes": ["BestEffort"]}, []),
        (
            {"hard": {"foo": "1"}},
            [
                'Invalid value: "foo": must be a standard resource type or fully qualified',
                'Invalid value: "foo": must be a standard resource for quota',
            ],
        ),
        ({"hard": {"pods": "-1"}}, ['Invalid value: "-1": must be greater than or equal to 0']),
        ({"hard": {"pods": "1.5"}}, ['Invalid value: "1500m": must be an integer']),
        ({"hard": {"pods": "many"}}, ["quantities must match"]),
        ({"hard": {"pods": "1"}, "scopes": ["Nope"]}, ["unsupported scope"]),
        (
            {"hard": {"requests.cpu": "1"}, "scopes": ["BestEffort", "NotBestEffort"]},
            ["unsupported scope applied to resource", "conflicting scopes"],
        ),
        (
            {"hard": {"configmaps": "1"}, "scopes": ["Terminating"]},
            ["unsupported scope applied to resource"],
        ),
    ],
)
def test_quotas_that_are_refused(spec: Manifest, messages: list[str]) -> None:
    found = [cause.message for cause in quota_causes({"spec": spec})]
    assert len(found) == len(messages)
    for message, part in zip(found, messages, strict=True):
        assert part in message
