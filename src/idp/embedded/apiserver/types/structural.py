"""What a CustomResourceDefinition must be: names that fit, one stored version, structural schemas.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from idp.embedded.apiserver.schema.patterns import pattern_problem
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_TYPES = {"object", "array", "string", "integer", "number", "boolean"}
_FORBIDDEN = ("$ref", "definitions", "dependencies", "patternProperties", "additionalItems")
_VERSION = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LIST_TYPES = ("atomic", "set", "map")


def _required(path: str, text: str = "") -> Cause:
    return Cause(path, f"Required value: {text}" if text else "Required value", _REQUIRED)


def _forbidden(path: str, text: str) -> Cause:
    return Cause(path, f"Forbidden: {text}", "FieldValueForbidden")


def _invalid(path: str, value: object, text: str) -> Cause:
    return Cause(path, f'Invalid value: "{value}": {text}')


_REQUIRED = "FieldValueRequired"


class StructuralRules:
    """Rules of CustomResourceDefinitions."""

    def validate(self, new: Manifest, old: Manifest | None) -> list[Cause]:
        """What is wrong with a definition."""
        return [*_names(new), *_versions(new)]


def _names(definition: Manifest) -> Iterator[Cause]:
    spec = definition.get("spec") or {}
    names, group = spec.get("names") or {}, spec.get("group", "")
    wanted = f"{names.get('plural', '')}.{group}"
    if definition["metadata"].get("name") != wanted:
        name = definition["metadata"].get("name", "")
        text = 'must be spec.names.plural+"."+spec.group'
        yield _invalid("metadata.name", name, text)
    if "." not in group:
        yield _invalid("spec.group", group, "should be a domain with at least one dot")
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        text = f'Unsupported value: "{spec.get("scope", "")}": supported values: '
        text += '"Cluster", "Namespaced"'
        yield Cause("spec.scope", text, "FieldValueNotSupported")
    if (spec.get("conversion") or {}).get("strategy", "None") != "None":
        text = "conversion webhooks are not supported by this server"
        yield _forbidden("spec.conversion.strategy", text)


def _versions(definition: Manifest) -> Iterator[Cause]:
    versions = (definition.get("spec") or {}).get("versions") or []
    stored = [version for version in versions if version.get("storage")]
    if len(stored) != 1:
        text = "must have exactly one version marked as storage version"
        yield _invalid("spec.versions", len(stored), text)
    seen: set[str] = set()
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        name = version.get("name", "")
        if name in seen:
            text = "must contain unique version names"
            yield _invalid("spec.versions", name, text)
        seen.add(name)
        if not _VERSION.fullmatch(name):
            yield _invalid(f"{path}.name", name, "must be a DNS-1035 label")
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        # A single schema is reported where version v1beta1 of this API had it.
        root = "spec.validation" if len(versions) == 1 else f"{path}.schema"
        root += ".openAPIV3Schema"
        if not isinstance(schema, dict):
            yield _required(root, "schemas are required")
            continue
        if schema.get("type") != "object":
            text = (
                "must be object at the root"
                if schema.get("type")
                else "must not be empty at the root"
            )
            yield _required(f"{root}.type", text)
        yield from _structure(schema, root, root=True)
        if has_rules(schema):
            from idp.embedded.apiserver.cel.rules import compile_errors

            yield from compile_errors(schema, root)


def has_rules(schema: Any) -> bool:
    """Whether a schema has CEL rules somewhere."""
    if isinstance(schema, dict):
        return bool(schema.get("x-kubernetes-validations")) or any(
            has_rules(child) for child in schema.values()
        )
    return isinstance(schema, list) and any(has_rules(child) for child in schema)


def _structure(schema: dict[str, Any], path: str, *, root: bool = False) -> Iterator[Cause]:
    kind = schema.get("type", "")
    free = schema.get("x-kubernetes-preserve-unknown-fields")
    either = schema.get("x-kubernetes-int-or-string")
    for name in _FORBIDDEN:
        if schema.get(name):
            yield _forbidden(f"{path}.{name}", f"{name} is not supported")
    if schema.get("uniqueItems"):
        yield _forbidden(f"{path}.uniqueItems", "uniqueItems cannot be set to true")
    if kind and kind not in _TYPES:
        shown = ", ".join(f'"{name}"' for name in sorted(_TYPES))
        text = f'Unsupported value: "{kind}": supported values: {shown}'
        yield Cause(f"{path}.type", text, "FieldValueNotSupported")
    if not kind and not (free or either) and not root:
        where = "array items" if path.endswith(".items") else "object fields"
        yield _required(f"{path}.type", f"must not be empty for specified {where}")
    if schema.get("properties") and isinstance(schema.get("additionalProperties"), dict):
        text = "additionalProperties and properties are mutual exclusive"
        yield _forbidden(f"{path}.additionalProperties", text)
    yield from _pattern(schema, path)
    yield from _lists(schema, path, kind)
    yield from _children(schema, path)
    yield from _values(schema, path)


def _pattern(schema: dict[str, Any], path: str) -> Iterator[Cause]:
    if problem := pattern_problem(schema):
        text = f"must be a valid regular expression, but isn't: {problem}"
        yield _invalid(f"{path}.pattern", schema["pattern"][:200], text)


def _lists(schema: dict[str, Any], path: str, kind: str) -> Iterator[Cause]:
    if kind == "array" and not isinstance(schema.get("items"), dict):
        yield _required(f"{path}.items", "must be specified")
    list_type = schema.get("x-kubernetes-list-type")
    if list_type is None:
        return
    if list_type not in _LIST_TYPES:
        shown = ", ".join(f'"{name}"' for name in _LIST_TYPES)
        text = f'Unsupported value: "{list_type}": supported values: {shown}'
        yield Cause(f"{path}.x-kubernetes-list-type", text, "FieldValueNotSupported")
    elif list_type == "map":
        keys = schema.get("x-kubernetes-list-map-keys") or []
        if not keys:
            text = "must not be empty if x-kubernetes-list-type is map"
            yield _required(f"{path}.x-kubernetes-list-map-keys", text)
        items = schema.get("items") or {}
        for key in keys:
            known = (items.get("properties") or {}).get(key)
            if known is None:
                text = "entries must all be names of item properties"
                yield _invalid(f"{path}.x-kubernetes-list-map-keys", key, text)
            elif key not in (items.get("required") or []) and "default" not in known:
                text = "this property is in x-kubernetes-list-map-keys, so it must have a default "
                text += "or be a required property"
                yield _required(f"{path}.items.properties[{key}].default", text)


def _children(schema: dict[str, Any], path: str) -> Iterator[Cause]:
    for name, child in (schema.get("properties") or {}).items():
        yield from _structure(child, f"{path}.properties[{name}]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _structure(schema["additionalProperties"], f"{path}.additionalProperties")
    if isinstance(schema.get("items"), dict):
        yield from _structure(schema["items"], f"{path}.items")


def _values(schema: dict[str, Any], path: str) -> Iterator[Cause]:
    """Value validations may say nothing about structure."""
    for junctor in ("allOf", "anyOf", "oneOf", "not"):
        children = schema.get(junctor) or []
        either = schema.get("x-kubernetes-int-or-string")
        for index, child in enumerate([children] if junctor == "not" and children else children):
            here = f"{path}.{junctor}" if junctor == "not" else f"{path}.{junctor}[{index}]"
            yield from _pattern(child, here)
            if child.get("type") and not either:
                yield _forbidden(f"{here}.type", "must be empty to be structural")
            for name in ("default", "additionalProperties", "nullable", "description"):
                if name in child:
                    text = "must be undefined to be structural"
                    yield _forbidden(f"{here}.{name}", text)
