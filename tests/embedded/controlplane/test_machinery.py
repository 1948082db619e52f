"""Ownership and roles, as pure functions; `test_real` runs the same against a real server."""

from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.controlplane.machinery.cluster_roles import aggregated_rules
from idp.embedded.controlplane.machinery.discovery import served_kinds
from idp.embedded.controlplane.machinery.graph import Graph, Node
from idp.kernel.resource import ResourceType
from idp.kernel.standard import CONFIG_MAP, NAMESPACE


def node(uid: str, *owners: str, deleting: bool = False, finalizers: tuple[str, ...] = ()) -> Node:
    references = [{"uid": owner, "kind": "ConfigMap", "apiVersion": "v1"} for owner in owners]
    return Node(uid, CONFIG_MAP, "demo", uid, "1", references, deleting, finalizers)


def test_dependents_follow_what_objects_say_now() -> None:
    graph = Graph()
    for found in (node("a"), node("b", "a"), node("c", "a", "b")):
        graph.put(found)
    assert [n.uid for n in graph.dependents("a")] == ["b", "c"]
    graph.put(node("c", "b"))
    assert [n.uid for n in graph.dependents("a")] == ["b"]
    assert graph.remove("b") == node("b", "a")
    assert graph.dependents("a") == []
    assert [n.uid for n in graph.dependents("b")] == ["c"]
    assert graph.remove("b") is None


def test_a_dependent_may_be_known_before_its_owner() -> None:
    graph = Graph()
    graph.put(node("b", "a"))
    graph.put(node("a"))
    assert [n.uid for n in graph.dependents("a")] == ["b"]


def test_metadata_is_read() -> None:
    manifest = {
        "metadata": {
            "uid": "u",
            "name": "n",
            "resourceVersion": "7",
            "deletionTimestamp": "2026-01-01T00:00:00Z",
            "finalizers": ["foregroundDeletion"],
        }
    }
    found = Node.of(NAMESPACE, manifest)
    assert (found.namespace, found.version, found.waits_for_dependents) == ("", "7", True)


def group(name: str, *versions: tuple[str, str, list[str]]) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "versions": [
            {
                "version": version,
                "resources": [
                    {
                        "resource": plural,
                        "responseKind": {"kind": plural.title()},
                        "scope": "Namespaced",
                        "verbs": verbs,
                    }
                ],
            }
            for version, plural, verbs in versions
        ],
    }


def test_discovery_gives_each_kind_once_in_the_preferred_version() -> None:
    document = {
        "items": [
            group("x.io", ("v2", "a", ["list"]), ("v1", "a", ["get"]), ("v1", "b", ["get"])),
            group("", ("v1", "c", [])),
        ]
    }
    found = served_kinds([document, {"items": None}])
    assert [(kind.type.api_version, kind.type.plural) for kind in found] == [
        ("x.io/v2", "a"),
        ("x.io/v1", "b"),
        ("v1", "c"),
    ]
    assert found[0].type == ResourceType("x.io", "v2", "A", "a")
    assert found[0].verbs == {"list"}


def role(name: str, labels: dict[str, str], *rules: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "labels": labels}
    return {"metadata": metadata, "rules": [{"verbs": [rule]} for rule in rules], **more}


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ([{"matchLabels": {"to": "view"}}], ["get", "list"]),
        ([{"matchLabels": {"to": "edit"}}, {"matchLabels": {"to": "view"}}], ["get", "list", "x"]),
        ([], []),
    ],
)
def test_aggregated_rules(selectors: list[Any], expected: list[str]) -> None:
    aggregated = role("all", {"to": "view"}, "old", aggregationRule={})
    aggregated["aggregationRule"] = {"clusterRoleSelectors": selectors}
    others = [
        role("c", {"to": "edit"}, "x"),
        role("b", {"to": "view"}, "get", "list"),
        role("a", {"to": "view"}, "get"),
        role("d", {}, "never"),
    ]
    rules = aggregated_rules(aggregated, [aggregated, *others])
    assert [rule["verbs"][0] for rule in rules] == expected
