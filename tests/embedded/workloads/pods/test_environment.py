"""Variables and commands."""

from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.workloads.images.ports import ImageConfig
from idp.embedded.workloads.pods.environment import PodFacts, command, expand, variables
from idp.embedded.workloads.pods.sources import Sources, names
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest

POD: Manifest = {
    "metadata": {
        "name": "web-1",
        "namespace": "demo",
        "uid": "u",
        "labels": {"tier": "front"},
        "annotations": {"a/b": "c"},
    },
    "spec": {"serviceAccountName": "robot"},
}
FACTS = PodFacts(POD, 31234, "local")
SOURCES = Sources(
    {
        ("ConfigMap", "settings"): {"COLOUR": b"red", "not a name": b"x", "BYTES": b"b"},
        ("ConfigMap", "binary"): {"RAW": b"\xff"},
        ("Secret", "access"): {"token": b"s3same"},
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$(A)", "1"),
        ("$(A)$(A)-$(B)", "11-two"),
        ("$$(A)", "$(A)"),
        ("$(NONE)", "$(NONE)"),
        ("$A ${A} $", "$A ${A} $"),
        ("$$$(A)", "$1"),
    ],
)
def test_expansion(text: str, expected: str) -> None:
    assert expand(text, {"A": "1", "B": "two"}) == expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"value": "x"}, "x"),
        ({"value": "http://127.0.0.1:$(PORT)/"}, "http://127.0.0.1:31234/"),
        ({}, ""),
        ({"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}, "web-1"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['tier']"}}}, "front"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['a/b']"}}}, "c"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "spec.serviceAccountName"}}}, "robot"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}, "127.0.0.1"),
        ({"valueFrom": {"configMapKeyRef": {"name": "settings", "key": "COLOUR"}}}, "red"),
        ({"valueFrom": {"secretKeyRef": {"name": "access", "key": "token"}}}, "s3same"),
        (
            {"valueFrom": {"secretKeyRef": {"name": "no", "key": "x", "optional": True}}},
            None,
        ),
    ],
)
def test_one_variable(env: Manifest, expected: str | None) -> None:
    found = variables({"env": [{"name": "V", **env}]}, FACTS, SOURCES)
    assert found.get("V") == expected


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"configMapKeyRef": {"name": "no", "key": "x"}}, 'ConfigMap "no" does not exist'),
        ({"secretKeyRef": {"name": "access", "key": "x"}}, 'Secret "access" has no key "x"'),
        ({"configMapKeyRef": {"name": "binary", "key": "RAW"}}, "not UTF-8"),
        ({"fieldRef": {"fieldPath": "spec.containers"}}, "not supported"),
    ],
)
def test_what_is_missing_is_named(reference: Manifest, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        variables({"env": [{"name": "V", "valueFrom": reference}]}, FACTS, SOURCES)


@pytest.mark.parametrize(
    ("value", "expected"), [("8080", "31234"), ("9000", "9000"), (None, "31234")]
)
def test_port_is_the_allocated_one(value: str | None, expected: str) -> None:
    env = [] if value is None else [{"name": "PORT", "value": value}]
    container: Manifest = {"ports": [{"containerPort": 8080}], "env": env}
    assert variables(container, FACTS, SOURCES)["PORT"] == expected


def test_whole_objects_and_what_overrides_them() -> None:
    container: Manifest = {
        "envFrom": [
            {"configMapRef": {"name": "settings"}, "prefix": "APP_"},
            {"secretRef": {"name": "none", "optional": True}},
        ],
        "env": [{"name": "APP_COLOUR", "value": "not $(APP_COLOUR)"}],
    }
    found = variables(container, PodFacts(POD, None, "local"), SOURCES)
    assert found == {"APP_COLOUR": "not red", "APP_BYTES": "b"}


IMAGE = ImageConfig(entrypoint=("run",), command=("default",))


@pytest.mark.parametrize(
    ("container", "image", "expected"),
    [
        ({}, IMAGE, ("run", "default")),
        ({"args": ["$(A)"]}, IMAGE, ("run", "1")),
        ({"command": ["mine", "$(A)"]}, IMAGE, ("mine", "1")),
        ({"command": ["mine"], "args": ["x"]}, IMAGE, ("mine", "x")),
    ],
)
def test_command(container: Manifest, image: ImageConfig, expected: tuple[str, ...]) -> None:
    assert command(container, image, {"A": "1"}) == expected


def test_nothing_to_run_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no command"):
        command({}, ImageConfig(), {})


def test_everything_a_pod_refers_to_is_known() -> None:
    key: Any = {"name": "b", "key": "k"}
    spec: Manifest = {
        "initContainers": [{"envFrom": [{"configMapRef": {"name": "a"}}]}],
        "containers": [{"env": [{"name": "x", "valueFrom": {"secretKeyRef": key}}]}],
        "volumes": [
            {"name": "v", "secret": {"secretName": "c"}},
            {"name": "w", "projected": {"sources": [{"configMap": {"name": "d"}}]}},
        ],
    }
    assert names(spec) == {
        ("ConfigMap", "a"),
        ("Secret", "b"),
        ("Secret", "c"),
        ("ConfigMap", "d"),
    }
