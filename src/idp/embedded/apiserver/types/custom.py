"""From a CustomResourceDefinition to the kinds it makes the server serve."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial

from idp.embedded.apiserver.ports import SchemaRules
from idp.embedded.apiserver.schema.node import Node, compile_structural
from idp.embedded.apiserver.schema.validate import SchemaValidator
from idp.embedded.apiserver.types.served import Column, ScalePaths, ServedType, Validates
from idp.embedded.apiserver.types.structural import has_rules
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest, ResourceType

RulesFactory = Callable[[Manifest], SchemaRules]
"""Compiles the CEL rules of a schema."""


_BLOCKING = {
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
}
"""Errors after which rules could not be evaluated."""

_UNCHECKED = Cause(
    "<nil>",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)


class SchemaChecks:
    """Validates objects of a custom kind: its schema, then (unless it is broken) its rules."""

    def __init__(
        self, schema: Manifest, compile_node: Callable[[], Node], rules: RulesFactory
    ) -> None:
        self._schema = schema
        self._compile_node = compile_node
        self._make_rules = rules

    @cached_property
    def _validator(self) -> SchemaValidator:
        return SchemaValidator(self._schema, self._compile_node())

    @cached_property
    def _rules(self) -> SchemaRules | None:
        return self._make_rules(self._schema) if has_rules(self._schema) else None

    def validate(self, new: Manifest, old: Manifest | None) -> list[Cause]:
        """What is wrong with an object."""
        causes = self._validator.validate(new)
        if self._rules is None:
            return causes
        if any(cause.reason in _BLOCKING for cause in causes):
            return [*causes, _UNCHECKED]
        return [*causes, *self._rules.validate(new, old)]


def custom_types(definition: Manifest, metadata: Node, rules: RulesFactory) -> list[ServedType]:
    """The served versions of a definition."""
    spec = definition["spec"]
    stored = next(version for version in spec["versions"] if version["storage"])
    return [
        _served(spec, version, stored, metadata, rules)
        for version in spec["versions"]
        if version["served"]
    ]


def _served(
    spec: Manifest, version: Manifest, stored: Manifest, metadata: Node, rules: RulesFactory
) -> ServedType:
    names, group = spec["names"], spec["group"]
    schema = version["schema"]["openAPIV3Schema"]
    subresources = version.get("subresources") or {}
    compile_node = partial(compile_structural, schema, metadata)
    checks: Validates = SchemaChecks(schema, compile_node, rules)
    namespaced = spec["scope"] == "Namespaced"
    return ServedType(
        type=ResourceType(group, version["name"], names["kind"], names["plural"], namespaced),
        singular=names.get("singular") or names["kind"].lower(),
        list_kind=names.get("listKind") or f"{names['kind']}List",
        compile=compile_node,
        resource=f"{group}/{names['plural']}",
        storage=f"{group}/{stored['name']}",
        compile_stored=partial(compile_structural, stored["schema"]["openAPIV3Schema"], metadata),
        builtin=False,
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        status="status" in subresources,
        scale=_scale(subresources.get("scale")),
        counts_generation=True,
        columns=_columns(version.get("additionalPrinterColumns")),
        validators=(checks,),
        schema=schema,
        warnings=_deprecation(spec, version),
        selectable=frozenset(
            field["jsonPath"].lstrip(".") for field in version.get("selectableFields") or ()
        ),
    )


def _path(json_path: str) -> tuple[str, ...]:
    return tuple(json_path.lstrip(".").split("."))


def _scale(scale: Manifest | None) -> ScalePaths | None:
    if scale is None:
        return None
    selector = scale.get("labelSelectorPath")
    return ScalePaths(
        _path(scale["specReplicasPath"]),
        _path(scale["statusReplicasPath"]),
        _path(selector) if selector else None,
    )


def _columns(columns: list[Manifest] | None) -> tuple[Column, ...]:
    if not columns:
        return (Column("Age", ".metadata.creationTimestamp", "date"),)
    return tuple(
        Column(
            column["name"],
            column["jsonPath"],
            column["type"],
            column.get("format", ""),
            column.get("priority", 0),
            column.get("description", ""),
        )
        for column in columns
    )


def _deprecation(spec: Manifest, version: Manifest) -> tuple[str, ...]:
    if not version.get("deprecated"):
        return ()
    default = f"{spec['group']}/{version['name']} {spec['names']['kind']} is deprecated"
    return (version.get("deprecationWarning") or default,)
