"""CustomResourceDefinitions: what they must be, and what they make of objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.embedded.apiserver.local_client import LocalClient
from idp.kernel.errors import Invalid, NotFound
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CUSTOM_RESOURCE_DEFINITION

Make = Callable[..., Manifest]


def widget(**spec: Any) -> Manifest:
    return {"metadata": {"name": "w", "namespace": "default"}, "spec": {"size": 1, **spec}}


@pytest.fixture
async def defined(client: LocalClient, widget_definition: Make) -> LocalClient:
    await client.create(CUSTOM_RESOURCE_DEFINITION, widget_definition())
    return client


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"size": "1"}, 'spec.size in body must be of type integer: "string"'),
        ({"size": 0}, "spec.size: Invalid value: 0: spec.size in body should be greater than or"),
        ({"size": None}, "spec.size: Required value"),
        ({"color": "green"}, 'spec.color: Unsupported value: "green": supported values: "red"'),
        ({"port": []}, "spec.port in body must be of type integer,string"),
        ({"parts": [{}]}, r"spec.parts[0].name: Required value"),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, 'spec.parts[1]: Duplicate value: {"name":"a"}'),
    ],
)
async def test_objects_are_validated(
    defined: LocalClient, widget_type: ResourceType, spec: Manifest, message: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await defined.create(widget_type, widget(**spec))
    assert caught.value.message.startswith('Widget.example.com "w" is invalid: ')
    assert message in caught.value.message


async def test_all_causes_are_told(defined: LocalClient, widget_type: ResourceType) -> None:
    with pytest.raises(Invalid) as caught:
        await defined.create(widget_type, widget(size=0, color="green"))
    assert {cause.field for cause in caught.value.causes} == {"spec.size", "spec.color"}


async def test_objects_are_pruned_and_defaulted(
    defined: LocalClient, widget_type: ResourceType
) -> None:
    created = await defined.create(
        widget_type, widget(nothing=1, free={"a": {"b": 1}}, port="http", color=None)
    )
    assert created["spec"] == {
        "size": 1,
        "color": "red",
        "port": "http",
        "free": {"a": {"b": 1}},
    }


async def test_status_is_a_resource_of_its_own(
    defined: LocalClient, widget_type: ResourceType
) -> None:
    created = await defined.create(widget_type, {**widget(), "status": {"phase": "x"}})
    assert "status" not in created
    changed = {**created, "spec": {"size": 5}, "status": {"phase": "Ready"}}
    updated = await defined.update(widget_type, changed, subresource="status")
    assert updated["status"] == {"phase": "Ready"}
    assert updated["spec"]["size"] == 1
    assert updated["metadata"]["generation"] == 1
    main = await defined.update(widget_type, {**updated, "status": {}, "spec": {"size": 2}})
    assert main["status"] == {"phase": "Ready"}
    assert main["metadata"]["generation"] == 2


async def test_a_change_of_the_schema_is_live(
    defined: LocalClient, widget_type: ResourceType
) -> None:
    definition = await defined.get(CUSTOM_RESOURCE_DEFINITION, "widgets.example.com")
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["extra"] = {"type": "string", "default": "here"}
    await defined.update(CUSTOM_RESOURCE_DEFINITION, definition)
    created = await defined.create(widget_type, widget())
    assert created["spec"]["extra"] == "here"


async def test_rules_see_the_old_object(
    client: LocalClient, widget_definition: Make, widget_type: ResourceType
) -> None:
    rules = [{"rule": "self.size >= oldSelf.size", "message": "size only grows"}]
    spec = {
        "type": "object",
        "properties": {"size": {"type": "integer"}},
        "x-kubernetes-validations": rules,
    }
    await client.create(CUSTOM_RESOURCE_DEFINITION, widget_definition(spec))
    await client.create(widget_type, widget(size=2))
    with pytest.raises(Invalid, match="size only grows"):
        await client.patch(widget_type, "w", {"spec": {"size": 1}}, "default")
    await client.patch(widget_type, "w", {"spec": {"size": 3}}, "default")


async def test_versions_differ_in_name_only(
    client: LocalClient, widget_definition: Make, widget_type: ResourceType
) -> None:
    definition = widget_definition()
    old = {**definition["spec"]["versions"][0], "name": "v1beta1", "storage": False}
    definition["spec"]["versions"].append(old)
    await client.create(CUSTOM_RESOURCE_DEFINITION, definition)
    beta = ResourceType("example.com", "v1beta1", "Widget", "widgets")
    created = await client.create(beta, widget())
    assert created["apiVersion"] == "example.com/v1beta1"
    found = await client.get(widget_type, "w", "default")
    assert found["apiVersion"] == "example.com/v1"
    definition = await client.get(CUSTOM_RESOURCE_DEFINITION, "widgets.example.com")
    definition["spec"]["versions"][1]["served"] = False
    await client.update(CUSTOM_RESOURCE_DEFINITION, definition)
    with pytest.raises(NotFound):
        await client.get(beta, "w", "default")


async def test_names_that_are_taken_are_not_accepted(
    defined: LocalClient, widget_definition: Make
) -> None:
    other = widget_definition()
    other["metadata"]["name"] = "others.example.com"
    other["spec"]["names"] |= {"plural": "others", "singular": "other"}
    created = await defined.create(CUSTOM_RESOURCE_DEFINITION, other)
    conditions = {c["type"]: c for c in created["status"]["conditions"]}
    assert conditions["NamesAccepted"]["status"] == "False"
    assert conditions["NamesAccepted"]["reason"] == "ListKindConflict"
    assert conditions["Established"]["status"] == "False"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metadata": {"name": "wrong"}}, 'must be spec.names.plural+"."+spec.group'),
        ({"spec": {"scope": "Galaxy"}}, 'spec.scope: Unsupported value: "Galaxy"'),
        ({"spec": {"conversion": {"strategy": "Webhook"}}}, "conversion webhooks are not"),
    ],
)
async def test_definitions_are_checked(
    client: LocalClient, widget_definition: Make, change: Manifest, message: str
) -> None:
    definition = widget_definition()
    for part, values in change.items():
        definition[part] |= values
    with pytest.raises(Invalid) as caught:
        await client.create(CUSTOM_RESOURCE_DEFINITION, definition)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "object", "properties": {"a": {}}}, "must not be empty for specified object"),
        ({"type": "array"}, "items: Required value: must be specified"),
        ({"type": "object", "$ref": "#/x"}, "$ref: Forbidden"),
        (
            {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "items": {"type": "object", "properties": {}},
            },
            "x-kubernetes-list-map-keys: Required value",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "additionalProperties": {"type": "string"},
            },
            "mutual exclusive",
        ),
        (
            {"type": "object", "anyOf": [{"type": "object"}]},
            "anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            {"type": "object", "x-kubernetes-validations": [{"rule": "self. == 1"}]},
            "x-kubernetes-validations[0].rule: Invalid value",
        ),
    ],
)
async def test_schemas_must_be_structural(
    client: LocalClient, widget_definition: Make, schema: Manifest, message: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await client.create(CUSTOM_RESOURCE_DEFINITION, widget_definition(schema))
    assert message in caught.value.message
