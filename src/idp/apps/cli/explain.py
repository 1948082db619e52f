"""Kinds and fields explained from their schemas; works without a running platform."""

from __future__ import annotations

import inspect
import textwrap
from typing import Any

from idp.apps.capabilities import kinds
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest, Resource
from idp.kernel.schema import openapi_schema


def _about(kind: type[Resource[Any, Any]]) -> str:
    return inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def kind_rows() -> list[dict[str, Any]]:
    """The kinds, for a table."""
    return [
        {
            "kind": kind.__name__,
            "plural": kind.definition.plural,
            "short": ", ".join(kind.definition.short_names),
            "namespaced": kind.definition.namespaced,
            "about": _about(kind),
        }
        for kind in kinds()
    ]


def explanation(path: str) -> str:
    """What a kind or a field is: its type, its meaning, and the fields below it.

    Raises:
        NotFound: There is no such kind or field.
    """
    name, *fields = path.split(".")
    for kind in kinds():
        names = {kind.__name__.lower(), kind.definition.plural, *kind.definition.short_names}
        if name.lower() in names:
            return _explain(kind, fields)
    raise NotFound(
        f"the platform has no kind {name!r}",
        remedy="`idp-cli kinds` lists its kinds; `kubectl explain` knows those of Kubernetes.",
    )


def _explain(kind: type[Resource[Any, Any]], fields: list[str]) -> str:
    schema, walked = openapi_schema(kind), kind.__name__
    for field in fields:
        schema = inside(schema)
        if field not in schema.get("properties", {}):
            known = ", ".join(schema.get("properties", {})) or "no fields"
            raise NotFound(f"{walked} has no field {field!r}", remedy=f"It has {known}.")
        schema, walked = schema["properties"][field], f"{walked}.{field}"
    lines = [f"{walked} <{type_text(schema)}>", ""]
    if text := schema.get("description"):
        lines += [*textwrap.wrap(text, 78, initial_indent="  ", subsequent_indent="  "), ""]
    held = inside(schema)
    for name, field in held.get("properties", {}).items():
        required = "  (required)" if name in held.get("required", ()) else ""
        default = (
            f"  default {field['default']!r}" if field.get("default") not in (None, {}) else ""
        )
        lines.append(f"  {name} <{type_text(field)}>{required}{default}")
        text = field.get("description", "")
        lines += textwrap.wrap(text, 78, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)


def inside(schema: Manifest) -> Manifest:
    """The object that a field, a list or a map holds."""
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            return inside(schema[key])
    return schema


def type_text(schema: Manifest) -> str:
    """The type of a field, in words."""
    if schema.get("enum"):
        return " | ".join(str(value) for value in schema["enum"])
    if isinstance(schema.get("items"), dict):
        return f"list of {type_text(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map to {type_text(schema['additionalProperties'])}"
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    return str(schema.get("type", "any value"))
