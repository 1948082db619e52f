"""OpenAPI v3 documents, one per group and version. Pure.

Clients read three things: the schemas (`kubectl explain`), which kind a path serves
(`x-kubernetes-group-version-kind`), and whether it takes `fieldValidation` (`kubectl apply`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from idp.embedded.apiserver.types.builtin import OBJECT_META
from idp.embedded.apiserver.types.served import ServedType
from idp.kernel.resource import Manifest

Document = dict[str, Any]

_REFERENCE = "#/components/schemas/"
_LIST_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
_DROPPED = ("x-kubernetes-validations", "x-kubernetes-embedded-resource")


def document(
    group: str, version: str, types: Sequence[ServedType], published: Mapping[str, Manifest]
) -> Document:
    """The document of one group and version."""
    own = [t for t in types if (t.type.group, t.type.version) == (group, version)]
    schemas: dict[str, Manifest] = {}
    paths: Document = {}
    for served in own:
        name = definition_name(served)
        if served.builtin:
            _add_published(name, published, schemas)
        else:
            schemas[name] = _custom_schema(served)
            _add_published(OBJECT_META, published, schemas)
        _add_published(_LIST_META, published, schemas)
        schemas[f"{name}List"] = _list_schema(served, name)
        paths |= _paths(served, name)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def definition_name(served: ServedType) -> str:
    """Name of a kind's schema; the group is reversed, as in Go packages."""
    if served.builtin:
        return served.definition
    reversed_group = ".".join(reversed(served.type.group.split(".")))
    return f"{reversed_group}.{served.type.version}.{served.type.kind}"


def _kind(served: ServedType, kind: str = "") -> Document:
    type_ = served.type
    return {"group": type_.group, "version": type_.version, "kind": kind or type_.kind}


def _add_published(
    name: str, published: Mapping[str, Manifest], schemas: dict[str, Manifest]
) -> None:
    waiting = [name]
    while waiting:
        wanted = waiting.pop()
        if wanted not in schemas and wanted in published:
            schemas[wanted] = published[wanted]
            waiting += _references(published[wanted])


def _references(node: Any) -> Iterable[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(_REFERENCE)
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def _custom_schema(served: ServedType) -> Manifest:
    schema = _shown(served.schema or {})
    properties = dict(schema.get("properties") or {})
    properties["apiVersion"] = {"type": "string", "description": _API_VERSION}
    properties["kind"] = {"type": "string", "description": _KIND}
    properties["metadata"] = {
        "allOf": [{"$ref": _REFERENCE + OBJECT_META}],
        "description": "Standard object's metadata.",
    }
    return {
        **schema,
        "properties": properties,
        "x-kubernetes-group-version-kind": [_kind(served)],
    }


_API_VERSION = (
    "APIVersion defines the versioned schema of this representation of an object. "
    "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/"
    "api-conventions.md#resources"
)
_KIND = (
    "Kind is a string value representing the REST resource this object represents. "
    "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/"
    "api-conventions.md#types-kinds"
)


def _shown(schema: Mapping[str, Any]) -> Manifest:
    """A structural schema without what only the server acts on."""
    shown = {name: value for name, value in schema.items() if name not in _DROPPED}
    for name in ("properties",):
        if isinstance(shown.get(name), Mapping):
            shown[name] = {key: _shown(child) for key, child in shown[name].items()}
    for name in ("items", "additionalProperties", "not"):
        if isinstance(shown.get(name), Mapping):
            shown[name] = _shown(shown[name])
    for name in ("allOf", "anyOf", "oneOf"):
        if isinstance(shown.get(name), list):
            shown[name] = [_shown(child) for child in shown[name]]
    return shown


def _list_schema(served: ServedType, name: str) -> Manifest:
    return {
        "type": "object",
        "description": f"{served.list_kind} is a list of {served.type.kind}",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "items": {"type": "array", "items": {"allOf": [{"$ref": _REFERENCE + name}]}},
            "metadata": {"allOf": [{"$ref": _REFERENCE + _LIST_META}]},
        },
        "x-kubernetes-group-version-kind": [_kind(served, served.list_kind)],
    }


def _parameter(name: str, kind: str = "string") -> Document:
    return {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}


_WRITE = [_parameter(name) for name in ("dryRun", "fieldManager", "fieldValidation")]
_LIST = [
    _parameter(name, kind)
    for name, kind in (
        ("labelSelector", "string"),
        ("fieldSelector", "string"),
        ("limit", "integer"),
        ("continue", "string"),
        ("resourceVersion", "string"),
        ("watch", "boolean"),
        ("timeoutSeconds", "integer"),
    )
]
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
)
_STRATEGIC = "application/strategic-merge-patch+json"
"""Of built-in kinds only; kubectl reads here whether it may use it."""


def _paths(served: ServedType, name: str) -> Document:
    base = served.type.path("{namespace}")
    place = [{"name": "namespace", "in": "path", "required": True, "schema": {"type": "string"}}]
    scope = place if served.type.namespaced else []
    named = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    paths: Document = {
        base: {
            "parameters": scope,
            "get": _operation(served, "list", f"{name}List", _LIST),
            "post": _operation(served, "post", name, _WRITE, body=("application/json",)),
            "delete": _operation(served, "deletecollection", name, _LIST),
        }
    }
    patches = (*_PATCHES, _STRATEGIC) if served.builtin else _PATCHES
    suffixes = [""]
    if served.status:
        suffixes.append("/status")
    for suffix in suffixes:
        paths[f"{base}/{{name}}{suffix}"] = {
            "parameters": [named, *scope],
            "get": _operation(served, "get", name, []),
            "put": _operation(served, "put", name, _WRITE, body=("application/json",)),
            "patch": _operation(
                served, "patch", name, [*_WRITE, _parameter("force", "boolean")], body=patches
            ),
        }
    paths[f"{base}/{{name}}"]["delete"] = _operation(
        served, "delete", name, [_parameter("dryRun"), _parameter("propagationPolicy")]
    )
    if served.type.namespaced:
        everywhere = served.type.path(None)
        paths[everywhere] = {"get": _operation(served, "list", f"{name}List", _LIST)}
    return paths


def _operation(
    served: ServedType,
    action: str,
    answer: str,
    parameters: list[Document],
    body: Sequence[str] = (),
) -> Document:
    content = {"schema": {"$ref": _REFERENCE + answer}}
    operation: Document = {
        "tags": [served.type.base_path.strip("/").replace("/", "_")],
        "parameters": parameters,
        "responses": {"200": {"description": "OK", "content": {"application/json": content}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _kind(served),
    }
    if body:
        schema = {"schema": {"$ref": _REFERENCE + answer}}
        operation["requestBody"] = {"content": dict.fromkeys(body, schema), "required": True}
    return operation
