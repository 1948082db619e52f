from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pydantic import Field

from idp.kernel.errors import Invalid
from idp.kernel.resource import (
    Condition,
    KindDefinition,
    Model,
    Resource,
    ResourceType,
    Status,
)


class PartSpec(Model):
    size_limit: int = Field(default=1, ge=1)


class BoxSpec(Model):
    display_name: str
    parts: list[PartSpec] = Field(default_factory=list)


class Box(Resource[BoxSpec, Status]):
    """A box."""

    definition: ClassVar[KindDefinition] = KindDefinition(plural="boxes")


def box(**spec: object) -> dict[str, object]:
    return {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "Box",
        "metadata": {"name": "b", "namespace": "demo"},
        "spec": {"displayName": "B", **spec},
    }


@pytest.mark.parametrize(
    ("type_", "namespace", "name", "path"),
    [
        (ResourceType("", "v1", "Pod", "pods"), None, None, "/api/v1/pods"),
        (ResourceType("", "v1", "Pod", "pods"), "x", None, "/api/v1/namespaces/x/pods"),
        (ResourceType("a.b", "v2", "C", "cs"), "x", "y", "/apis/a.b/v2/namespaces/x/cs/y"),
        (ResourceType("", "v1", "Node", "nodes", False), "x", "y", "/api/v1/nodes/y"),
    ],
)
def test_paths(type_: ResourceType, namespace: str | None, name: str | None, path: str) -> None:
    assert type_.path(namespace, name) == path


def test_a_kind_is_named_by_its_class() -> None:
    assert Box.type() == ResourceType("platform.idp", "v1alpha1", "Box", "boxes")
    assert Box.type().api_version == "platform.idp/v1alpha1"
    assert ResourceType("", "v1", "Pod", "pods").api_version == "v1"


def test_a_manifest_survives_parsing() -> None:
    manifest = box(parts=[{"sizeLimit": 3}])
    parsed = Box.parse(manifest)
    assert parsed.spec.parts[0].size_limit == 3
    assert parsed.manifest() == manifest


def test_defaults_are_read_and_not_written() -> None:
    parsed = Box.parse(box(parts=[{}]))
    assert parsed.spec.parts[0].size_limit == 1
    assert parsed.manifest() == box(parts=[{}])


def test_metadata_that_is_not_read_passes_through() -> None:
    manifest = box()
    manifest["metadata"] = {"name": "b", "managedFields": [{"manager": "x"}], "labels": {"a": "b"}}
    assert Box.parse(manifest).manifest()["metadata"] == manifest["metadata"]


def test_api_version_and_kind_are_always_written() -> None:
    made = Box(spec=BoxSpec(display_name="B"))
    assert made.manifest() == {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "Box",
        "spec": {"displayName": "B"},
    }


def test_what_is_wrong_is_named_by_its_path() -> None:
    with pytest.raises(Invalid) as caught:
        Box.parse(box(parts=[{"sizeLimit": 0}], colour="red"))
    assert str(caught.value).startswith('Box "b" is invalid: ')
    assert {cause.field for cause in caught.value.causes} == {
        "spec.parts.0.sizeLimit",
        "spec.colour",
    }
    assert "spec.colour: there is no such field" in caught.value.message


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"colour": "red"}, "box.spec"),
        ({"parts": [{"sizeLimit": 0}]}, "box.spec.parts"),
    ],
)
def test_the_remedy_shows_the_fields_there_are(wrong: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        Box.parse(box(**wrong))
    assert caught.value.remedy == f"`idp-cli explain {path}` shows every field."


def test_metadata_is_explained_by_the_kind() -> None:
    with pytest.raises(Invalid) as caught:
        Box.parse(box() | {"metadata": {"labels": 1}})
    assert caught.value.remedy == "`idp-cli explain box` shows every field."


@pytest.mark.parametrize("manifest", [{}, {"metadata": None}, {"spec": None}])
def test_a_manifest_without_substance_is_invalid(manifest: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Box.parse(manifest)


def test_name_and_namespace() -> None:
    assert (Box.parse(box()).name, Box.parse(box()).namespace) == ("b", "demo")
    assert Box(spec=BoxSpec(display_name="B")).namespace == "default"


def test_a_status_keeps_its_conditions() -> None:
    status = Status(conditions=[Condition(type="Ready", status="True", reason="Up")])
    made = Box(spec=BoxSpec(display_name="B"), status=status)
    conditions = made.manifest()["status"]["conditions"]
    assert conditions == [{"type": "Ready", "status": "True", "reason": "Up"}]
