from __future__ import annotations

import importlib
import json
import pkgutil
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field

import idp.capabilities
from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status
from idp.kernel.schema import custom_resource_definition, model_schema, openapi_schema
from support.golden import check_golden

GOLDEN = Path(__file__).parent / "webapplication.json"


def kinds() -> list[type[Resource[Any, Any]]]:
    """Every kind of the platform: a class with a definition in some `kinds` module."""
    found: dict[str, type[Resource[Any, Any]]] = {}
    for module in pkgutil.walk_packages(idp.capabilities.__path__, "idp.capabilities."):
        if module.name.rpartition(".")[2] == "kinds":
            for value in vars(importlib.import_module(module.name)).values():
                is_kind = isinstance(value, type) and issubclass(value, Resource)
                if is_kind and "definition" in vars(value):
                    found[value.__name__] = value
    return [found[name] for name in sorted(found)]


def problems(schema: dict[str, Any], path: str = "") -> list[str]:
    """What keeps a schema from being structural."""
    found = [
        f"{path}: {word}"
        for word in ("$ref", "anyOf", "oneOf", "allOf", "const", "uniqueItems", "$defs", "title")
        if word in schema
    ]
    free = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
    if "type" not in schema and not any(schema.get(word) for word in free):
        found.append(f"{path}: no type")
    if isinstance(schema.get("type"), list):
        found.append(f"{path}: several types")
    if schema.get("additionalProperties") is False:
        found.append(f"{path}: additionalProperties false")
    if "properties" in schema and "additionalProperties" in schema:
        found.append(f"{path}: properties and additionalProperties")
    if schema.get("type") == "array" and "items" not in schema:
        found.append(f"{path}: no items")
    if schema.get("default", 0) is None:
        found.append(f"{path}: null default")
    for name, member in schema.get("properties", {}).items():
        found += problems(member, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            found += problems(schema[word], f"{path}.{word}")
    return found


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_kind_has_a_structural_schema(kind: type[Resource[Any, Any]]) -> None:
    assert problems(openapi_schema(kind)) == []


def test_the_definition_of_a_web_application() -> None:
    definition = custom_resource_definition(WebApplication)
    check_golden(GOLDEN, json.dumps(definition, indent=2) + "\n")


class Inner(Model):
    """A part.

    Attributes:
        weight: How heavy
            it is.
    """

    weight: int = Field(default=3, gt=0, le=10)


class Everything(Model):
    """One of each.

    Attributes:
        text: A text.
    """

    text: str = Field(min_length=1, max_length=9, pattern="^a")
    maybe: str | None = None
    number: float = 0.5
    flag: bool = False
    moment: datetime | None = None
    choice: Literal["a", "b"] = "a"
    only: Literal["x"] = "x"
    port: int | str = 80
    anything: Any = None
    map_of_text: dict[str, str] = Field(default_factory=dict)
    free: dict[str, Any] = Field(default_factory=dict)
    list_of_parts: list[Inner] = Field(default_factory=list, max_length=5)
    distinct: set[str] = Field(default_factory=set)
    part: Inner = Field(default_factory=Inner)
    optional_part: Inner | None = None


PART = {
    "type": "object",
    "description": "A part.",
    "properties": {
        "weight": {
            "type": "integer",
            "minimum": 0,
            "exclusiveMinimum": True,
            "maximum": 10,
            "default": 3,
            "description": "How heavy it is.",
        }
    },
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "text",
            {
                "type": "string",
                "minLength": 1,
                "maxLength": 9,
                "pattern": "^a",
                "description": "A text.",
            },
        ),
        ("maybe", {"type": "string"}),
        ("number", {"type": "number", "default": 0.5}),
        ("flag", {"type": "boolean", "default": False}),
        ("moment", {"type": "string", "format": "date-time"}),
        ("choice", {"type": "string", "enum": ["a", "b"], "default": "a"}),
        ("only", {"type": "string", "enum": ["x"], "default": "x"}),
        ("port", {"x-kubernetes-int-or-string": True, "default": 80}),
        ("anything", {"x-kubernetes-preserve-unknown-fields": True}),
        ("mapOfText", {"type": "object", "additionalProperties": {"type": "string"}}),
        ("free", {"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
        ("listOfParts", {"type": "array", "items": PART, "maxItems": 5}),
        (
            "distinct",
            {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        ),
        ("part", PART),
        ("optionalPart", PART),
    ],
)
def test_each_sort_of_field(name: str, expected: dict[str, Any]) -> None:
    assert model_schema(Everything)["properties"][name] == expected


def test_only_fields_without_a_default_are_required() -> None:
    assert model_schema(Everything)["required"] == ["text"]


class SealSpec(Model):
    """What is wanted."""

    name: str = "x"


class Seal(Resource[SealSpec, Status]):
    """A seal, in two
    lines.

    More about it.
    """

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="seals",
        namespaced=False,
        short_names=("sl",),
        columns=(PrinterColumn(name="Name", path=".spec.name", priority=1),),
        validations=(("self.spec.name != ''", "name it"),),
    )


def test_a_definition_carries_what_the_kind_says() -> None:
    definition = custom_resource_definition(Seal)
    assert definition["metadata"]["name"] == "seals.platform.idp"
    assert definition["spec"]["scope"] == "Cluster"
    assert definition["spec"]["names"] == {
        "kind": "Seal",
        "listKind": "SealList",
        "plural": "seals",
        "singular": "seal",
        "shortNames": ["sl"],
        "categories": ["idp"],
    }
    (version,) = definition["spec"]["versions"]
    assert version["subresources"] == {"status": {}}
    assert version["additionalPrinterColumns"] == [
        {"name": "Name", "type": "string", "jsonPath": ".spec.name", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]


def test_a_spec_without_required_fields_may_be_left_out() -> None:
    schema = openapi_schema(Seal)
    assert "required" not in schema
    assert schema["properties"]["spec"]["default"] == {}
    assert schema["description"] == "A seal, in two lines."
    assert schema["x-kubernetes-validations"] == [
        {"rule": "self.spec.name != ''", "message": "name it"}
    ]
