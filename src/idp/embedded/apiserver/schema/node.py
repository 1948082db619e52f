"""A schema compiled for walking: what pruning, defaulting, patching and apply need to know.

Built-in kinds (OpenAPI with references) and custom ones (structural schemas) compile to the same
nodes, so that every walker exists once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.kernel.resource import Manifest

UNSET: Final = object()
"""Stands for a default that is not there; null is a value."""


@dataclass(slots=True)
class Node:
    """One place in an object.

    Attributes:
        type: JSON type; empty when anything is allowed.
        properties: Named fields of an object.
        additional: Schema of the values of a map; None when the fields are fixed.
        items: Schema of the items of a list.
        preserve: Unknown fields are kept as they are.
        int_or_string: An integer or a string.
        nullable: Null is a value here.
        embedded: An object with `apiVersion`, `kind` and `metadata` of its own.
        default: What an absent field becomes; `UNSET` for nothing.
        zero: What Go has in place of an absent field that is always encoded; `UNSET` for nothing.
        present: A built-in structure that is never absent, only empty.
        list_type: `atomic`, `set` or `map`.
        map_keys: Fields that identify an item of a `map` list.
        atomic: An object that is owned and replaced as a whole.
        merge_key: Field that identifies an item in a strategic merge patch; empty for values.
        strategies: Strategic merge strategies: `merge`, `retainKeys`.
        required: Fields that must be there.
        bytes: A text in base64.
        zero_values: The fields that an empty structure has, once somebody asked.
    """

    type: str = ""
    properties: dict[str, Node] = field(default_factory=dict)
    additional: Node | None = None
    items: Node | None = None
    preserve: bool = False
    int_or_string: bool = False
    nullable: bool = False
    embedded: bool = False
    default: Any = UNSET
    zero: Any = UNSET
    present: bool = False
    list_type: str = "atomic"
    map_keys: tuple[str, ...] = ()
    atomic: bool = False
    merge_key: str = ""
    strategies: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    bytes: bool = False
    zero_values: dict[str, Any] | None = None

    def child(self, name: str) -> Node | None:
        """Schema of a field; None when the field is unknown and not kept."""
        found = self.properties.get(name)
        if found is not None:
            return found
        if self.additional is not None:
            return self.additional
        return ANYTHING if self.preserve else None

    def merge_child(self, name: str) -> Node:
        """Schema of a field for merging, where unknown fields are let through."""
        return self.child(name) or ANYTHING

    @property
    def item(self) -> Node:
        """Schema of the items."""
        return self.items or ANYTHING


ANYTHING: Final = Node(preserve=True)


def _extensions(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a schema that a reference may carry beside it."""
    found: dict[str, Any] = {}
    if "x-kubernetes-list-type" in schema:
        found["list_type"] = schema["x-kubernetes-list-type"]
    if "x-kubernetes-list-map-keys" in schema:
        found["map_keys"] = tuple(schema["x-kubernetes-list-map-keys"])
    if schema.get("x-kubernetes-map-type") == "atomic":
        found["atomic"] = True
    if "x-kubernetes-patch-merge-key" in schema:
        found["merge_key"] = schema["x-kubernetes-patch-merge-key"]
    if "x-kubernetes-patch-strategy" in schema:
        found["strategies"] = frozenset(schema["x-kubernetes-patch-strategy"].split(","))
    return found


def compile_structural(schema: Mapping[str, Any], metadata: Node) -> Node:
    """Compile the structural schema of a CustomResourceDefinition.

    Args:
        schema: The `openAPIV3Schema`.
        metadata: Schema of `metadata`, of the object and of those embedded in it.
    """
    node = _structural(schema, metadata)
    node.properties |= _identity(metadata)
    return node


def _identity(metadata: Node) -> dict[str, Node]:
    text = Node(type="string")
    return {"apiVersion": text, "kind": text, "metadata": metadata}


def _structural(schema: Mapping[str, Any], metadata: Node) -> Node:
    properties = (schema.get("properties") or {}).items()
    node = Node(
        type=schema.get("type", ""),
        properties={name: _structural(child, metadata) for name, child in properties},
        preserve=bool(schema.get("x-kubernetes-preserve-unknown-fields")),
        int_or_string=bool(schema.get("x-kubernetes-int-or-string")),
        nullable=bool(schema.get("nullable")),
        embedded=bool(schema.get("x-kubernetes-embedded-resource")),
        default=schema.get("default", UNSET),
        required=tuple(schema.get("required") or ()),
        **_extensions(schema),
    )
    additional = schema.get("additionalProperties")
    if isinstance(additional, Mapping):
        node.additional = _structural(additional, metadata)
    elif additional is True:
        node.additional = ANYTHING
    if isinstance(schema.get("items"), Mapping):
        node.items = _structural(schema["items"], metadata)
    if not node.type and not node.int_or_string and not node.properties:
        node.preserve = True
    if node.embedded:
        node.properties |= _identity(metadata)
    return node


_OPAQUE = {
    "JSONSchemaProps": "object",
    "JSONSchemaPropsOrArray": "",
    "JSONSchemaPropsOrBool": "",
    "JSONSchemaPropsOrStringArray": "",
    "JSON": "",
    "RawExtension": "object",
    "FieldsV1": "object",
}
"""Definitions that hold anything; JSONSchemaProps also refers to itself."""


class Definitions:
    """Compiles built-in definitions on demand and once."""

    def __init__(self, schemas: Mapping[str, Manifest]) -> None:
        self._schemas = schemas
        self._compiled: dict[str, Node] = {}

    def node(self, name: str) -> Node:
        """The compiled definition of a name such as `io.k8s.api.core.v1.Pod`."""
        if name not in self._compiled:
            short = name.rsplit(".", 1)[-1]
            if short in _OPAQUE:
                node = Node(type=_OPAQUE[short], preserve=True)
            elif short == "Quantity":
                node = Node(type="quantity")
            elif short == "IntOrString":
                node = Node(int_or_string=True)
            else:
                node = self._compile(self._schemas[name])
            self._compiled[name] = node
        return self._compiled[name]

    def _compile(self, schema: Mapping[str, Any]) -> Node:
        if reference := self._reference(schema):
            return self._at_reference(self.node(reference), schema)
        node = Node(
            type=schema.get("type", ""),
            properties={n: self._compile(s) for n, s in (schema.get("properties") or {}).items()},
            required=tuple(schema.get("required") or ()),
            bytes=schema.get("format") == "byte",
            **_extensions(schema),
        )
        # Zero values ("", 0, {}) only restate that Go has no absent scalars.
        if schema.get("default"):
            node.default = schema["default"]
        elif "default" in schema:
            node.zero = schema["default"]
        if isinstance(schema.get("additionalProperties"), Mapping):
            node.additional = self._compile(schema["additionalProperties"])
        if isinstance(schema.get("items"), Mapping):
            node.items = self._compile(schema["items"])
        return node

    @staticmethod
    def _reference(schema: Mapping[str, Any]) -> str | None:
        target = schema.get("$ref") or (schema.get("allOf") or [{}])[0].get("$ref")
        return str(target).rsplit("/", 1)[-1] if target else None

    @staticmethod
    def _at_reference(node: Node, schema: Mapping[str, Any]) -> Node:
        changes = _extensions(schema)
        if schema.get("default") == {} and node.properties:
            changes["present"] = True
        if not changes:
            return node
        values = {name: getattr(node, name) for name in Node.__slots__}
        return Node(**{**values, **changes})
