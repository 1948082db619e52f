"""The three patch types."""

from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.apiserver.errors import Unexplained
from idp.embedded.apiserver.patching.json_patch import json_patch
from idp.embedded.apiserver.patching.merge import merge_patch
from idp.embedded.apiserver.patching.strategic import strategic_merge
from idp.embedded.apiserver.schema.node import Node
from idp.embedded.apiserver.types.registry import Registry
from idp.kernel.errors import IdpError, Invalid, InvalidInput


@pytest.fixture(scope="module")
def deployment() -> Node:
    return Registry().require("apps", "v1", "deployments").node


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "/b", "value": 2}], {"a": [1, 2], "b": 2}),
        ([{"op": "add", "path": "/a/-", "value": 3}], {"a": [1, 2, 3]}),
        ([{"op": "add", "path": "/a/0", "value": 0}], {"a": [0, 1, 2]}),
        ([{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        ([{"op": "replace", "path": "/a/1", "value": 9}], {"a": [1, 9]}),
        ([{"op": "move", "from": "/a", "path": "/c"}], {"c": [1, 2]}),
        ([{"op": "copy", "from": "/a", "path": "/c"}], {"a": [1, 2], "c": [1, 2]}),
        ([{"op": "test", "path": "/a", "value": [1, 2]}], {"a": [1, 2]}),
        ([{"op": "add", "path": "/x~1y~0z", "value": 1}], {"a": [1, 2], "x/y~z": 1}),
        ([{"op": "replace", "path": "", "value": {"n": 1}}], {"n": 1}),
    ],
)
def test_json_patch(operations: list[Any], expected: object) -> None:
    assert json_patch({"a": [1, 2]}, operations) == expected


@pytest.mark.parametrize(
    ("operations", "error"),
    [
        ({}, InvalidInput),
        ([1], InvalidInput),
        ([{"op": "spin", "path": "/a"}], Invalid),
        ([{"op": "add", "path": "a"}], InvalidInput),
        ([{"op": "add", "path": "/b"}], InvalidInput),
        ([{"op": "remove", "path": "/b"}], Invalid),
        ([{"op": "replace", "path": "/b", "value": 1}], Invalid),
        ([{"op": "remove", "path": "/a/7"}], Invalid),
        ([{"op": "test", "path": "/a", "value": 1}], Invalid),
        ([{"op": "add", "path": "/a/0/b", "value": 1}], Invalid),
    ],
)
def test_json_patch_refuses(operations: Any, error: type[IdpError]) -> None:
    with pytest.raises(error):
        json_patch({"a": [1, 2]}, operations)


def test_merge_patch() -> None:
    target = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert merge_patch(target, {"a": {"b": None, "e": {"f": None}}, "d": [2]}) == {
        "a": {"c": 2, "e": {}},
        "d": [2],
    }


def containers(*items: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(items), **spec}}}}


def merged(target: dict[str, Any], patch: dict[str, Any], node: Node) -> Any:
    return strategic_merge(target, patch, node)["spec"]["template"]["spec"]


def test_lists_of_a_merge_key_merge_by_it(deployment: Node) -> None:
    live = containers({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"})
    patch = containers({"name": "b", "image": "b:2"}, {"name": "c", "image": "c:1"})
    assert merged(live, patch, deployment)["containers"] == [
        {"name": "a", "image": "a:1"},
        {"name": "b", "image": "b:2"},
        {"name": "c", "image": "c:1"},
    ]


def test_items_are_deleted_by_directive(deployment: Node) -> None:
    live = containers({"name": "a"}, {"name": "b"})
    patch = containers({"name": "a", "$patch": "delete"})
    assert merged(live, patch, deployment)["containers"] == [{"name": "b"}]


def test_a_list_is_replaced_by_directive(deployment: Node) -> None:
    live = containers({"name": "a"}, {"name": "b"})
    patch = containers({"$patch": "replace"}, {"name": "c"})
    assert merged(live, patch, deployment)["containers"] == [{"name": "c"}]


def test_the_order_of_elements_is_set(deployment: Node) -> None:
    live = containers({"name": "a"}, {"name": "b"}, {"name": "x"})
    patch = containers({"name": "c"})
    order = [{"name": "c"}, {"name": "b"}, {"name": "a"}]
    patch["spec"]["template"]["spec"]["$setElementOrder/containers"] = order
    names = [c["name"] for c in merged(live, patch, deployment)["containers"]]
    assert [name for name in names if name != "x"] == ["c", "b", "a"]


def test_retain_keys_drops_the_others(deployment: Node) -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge(live, patch, deployment) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_values_are_deleted_from_primitive_lists(deployment: Node) -> None:
    live = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}
    assert strategic_merge(live, patch, deployment) == {"metadata": {"finalizers": ["b"]}}


def test_lists_without_a_strategy_are_replaced(deployment: Node) -> None:
    live = containers({"name": "a", "args": ["x", "y"]})
    patch = containers({"name": "a", "args": ["z"]})
    assert merged(live, patch, deployment)["containers"] == [{"name": "a", "args": ["z"]}]


def test_an_item_without_its_key_is_refused(deployment: Node) -> None:
    with pytest.raises(Unexplained, match="merge key: name"):
        merged(containers({"name": "a"}), containers({"image": "x"}), deployment)
