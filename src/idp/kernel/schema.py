"""A kind of ours -> its CustomResourceDefinition. Pure.

A CRD takes *structural* schemas: no `$ref`, no `anyOf` between types, no
`additionalProperties: false`. So pydantic's JSON schema is inlined and reduced:

- `Optional[X]` becomes X (a field that may be left out);
- `int | str` becomes `x-kubernetes-int-or-string`;
- `Any` and `dict[str, Any]` keep unknown fields (`x-kubernetes-preserve-unknown-fields`);
- descriptions come from the `Attributes:` section of the class's docstring, so that
  `kubectl explain`, the reference docs and the code say the same.

Rules of structural schemas:
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args

from pydantic import BaseModel

from idp.kernel.definition import definition, object_schema
from idp.kernel.errors import Invalid
from idp.kernel.resource import Manifest, Resource

_KEPT = (
    "type",
    "format",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "multipleOf",
)
_ATTRIBUTE = re.compile(r"^ {0,8}(\w+)(?: \([^)]*\))?: (.*)$")


def custom_resource_definition(kind: type[Resource[Any, Any]]) -> Manifest:
    """Render the CRD of a kind, with a status subresource and printer columns."""
    names = kind.definition
    return definition(
        kind.type(),
        openapi_schema(kind),
        short_names=names.short_names,
        categories=names.categories,
        columns=_columns(kind),
    )


def _columns(kind: type[Resource[Any, Any]]) -> list[Manifest]:
    columns = [
        {"name": c.name, "type": c.type, "jsonPath": c.path}
        | ({"priority": c.priority} if c.priority else {})
        for c in kind.definition.columns
    ]
    return [*columns, {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]


def openapi_schema(kind: type[Resource[Any, Any]]) -> Manifest:
    """Render the structural schema of a kind's objects."""
    spec, status = model_schema(_part(kind, "spec")), model_schema(_part(kind, "status"))
    demanded = bool(spec.get("required"))
    if not demanded:
        spec["default"] = {}
    schema = {
        "description": inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " "),
        **object_schema(required=["spec"] if demanded else [], spec=spec, status=status),
    }
    if kind.definition.validations:
        schema["x-kubernetes-validations"] = [
            {"rule": rule, "message": message} for rule, message in kind.definition.validations
        ]
    return schema


def _part(kind: type[Resource[Any, Any]], field: str) -> type[BaseModel]:
    annotation = kind.model_fields[field].annotation
    candidates = [annotation, *get_args(annotation)]
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    raise Invalid(f"{kind.__name__}.{field} is not a model")


def model_schema(model: type[BaseModel]) -> Manifest:
    """Render one model as a structural schema without references."""
    source = model.model_json_schema(by_alias=True, mode="validation")
    definitions = source.get("$defs", {})
    _describe_all(model, source, definitions)
    return _structural(source, definitions)


def _describe_all(model: type[BaseModel], source: Manifest, definitions: Manifest) -> None:
    """Put the text of `Attributes:` sections onto the properties, for nested models too."""
    seen: set[type[BaseModel]] = set()
    waiting = [(model, source)]
    while waiting:
        current, schema = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        texts = attribute_descriptions(current)
        for name, field in current.model_fields.items():
            property_ = schema.get("properties", {}).get(field.alias or name)
            if property_ is not None and name in texts:
                property_["description"] = texts[name]
            for nested in _models_in(field.annotation):
                if nested.__name__ in definitions:
                    waiting.append((nested, definitions[nested.__name__]))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def attribute_descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Read the `Attributes:` sections of a model's docstring and of its bases."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base in (BaseModel, object) or not base.__doc__:
            continue
        _, _, section = inspect.cleandoc(base.__doc__).partition("Attributes:\n")
        current = ""
        for line in section.splitlines():
            if line and not line.startswith(" "):
                break
            if match := _ATTRIBUTE.match(line):
                current = match[1]
                found[current] = match[2].strip()
            elif current and line.strip():
                found[current] += " " + line.strip()
    return found


def _structural(schema: Manifest, definitions: Manifest) -> Manifest:
    """Reduce one JSON schema node."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        overriding = {k: v for k, v in schema.items() if k != "$ref"}
        return _structural({**target, **overriding}, definitions)
    if "allOf" in schema and len(schema["allOf"]) == 1:
        rest = {k: v for k, v in schema.items() if k != "allOf"}
        return _structural({**schema["allOf"][0], **rest}, definitions)
    if "anyOf" in schema:
        return _union(schema, definitions)
    result: Manifest = {key: schema[key] for key in _KEPT if key in schema}
    _exclusive_bounds(schema, result)
    if "const" in schema:
        result["enum"] = [schema["const"]]
    if description := schema.get("description"):
        result["description"] = " ".join(description.split("\n\n")[0].split())
    if schema.get("default") is not None:
        result["default"] = schema["default"]
    if schema.get("type") == "object":
        result |= _object(schema, definitions)
    elif schema.get("type") == "array":
        result["items"] = _structural(schema.get("items", {}), definitions)
        if schema.get("uniqueItems"):  # which a CRD must not say in this way
            result["x-kubernetes-list-type"] = "set"
    elif "type" not in result:
        result["x-kubernetes-preserve-unknown-fields"] = True
    result |= {k: v for k, v in schema.items() if k.startswith("x-kubernetes-")}
    return result


def _object(schema: Manifest, definitions: Manifest) -> Manifest:
    if properties := schema.get("properties"):
        result: Manifest = {
            "properties": {n: _structural(p, definitions) for n, p in properties.items()}
        }
        if required := schema.get("required"):
            result["required"] = required
        return result
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict) and additional:
        return {"additionalProperties": _structural(additional, definitions)}
    if additional is False:
        return {}
    return {"x-kubernetes-preserve-unknown-fields": True}


def _union(schema: Manifest, definitions: Manifest) -> Manifest:
    rest = {k: v for k, v in schema.items() if k not in ("anyOf", "default")}
    if schema.get("default") is not None:
        rest["default"] = schema["default"]
    members = [m for m in schema["anyOf"] if m.get("type") != "null"]
    if len(members) == 1:
        return _structural({**members[0], **rest}, definitions)
    common: Manifest = {}
    if isinstance(rest.get("description"), str):
        common["description"] = rest["description"]
    if "default" in rest:
        common["default"] = rest["default"]
    if {m.get("type") for m in members} == {"integer", "string"}:
        return {**common, "x-kubernetes-int-or-string": True}
    return {**common, "x-kubernetes-preserve-unknown-fields": True}


def _exclusive_bounds(schema: Manifest, result: Manifest) -> None:
    """OpenAPI 3.0 writes exclusive bounds as a flag beside the bound."""
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if exclusive in schema:
            result[bound] = schema[exclusive]
            result[exclusive] = True
