"""`x-kubernetes-validations`: the rules of a structural schema, compiled once, run on each write.

The schema is reduced to the nodes that have rules at or below them; an object is walked along
these only. At each node `self` is the value there and `oldSelf` the value at the same place before
the write: the same property, the same map key, or the list item with the same keys when the list
is declared as a map. A rule that reads `oldSelf` runs only where there is one (unless
`optionalOldSelf` is set); any other rule that fails on a value that the write does not change is
let pass, so that tightening a schema does not freeze the objects that are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from cel import OptionalValue

from idp.embedded.apiserver.cel.program import (
    CompileError,
    EvaluationError,
    Program,
    compile_expression,
)
from idp.embedded.apiserver.cel.typed import Converter, converter
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_VARIABLES = ("self", "oldSelf")
_OBJECT_META: Manifest = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}},
}
_Pair = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class _Rule:
    program: Program
    message: str
    message_expression: Program | None
    reason: str
    field_path: str
    optional_old_self: bool

    @property
    def reads_old(self) -> bool:
        return "oldSelf" in self.program.names

    @property
    def shown(self) -> str:
        return self.message or self.program.source.strip()


@dataclass(frozen=True, slots=True)
class _Node:
    """A place in the schema that has rules at or below it."""

    type: str
    rules: tuple[_Rule, ...]
    convert: Converter | None
    properties: dict[str, _Node]
    additional: _Node | None
    items: _Node | None
    keys: tuple[str, ...]
    all_of: tuple[_Node, ...]


class SchemaRules:
    """The rules of one schema.

    Raises:
        CompileError: A rule does not compile; `compile_errors` tells all of them, so ask it when
            the schema is stored.
    """

    def __init__(self, schema: Manifest) -> None:
        self._root = _node(schema)

    def __bool__(self) -> bool:
        """Whether there are any rules."""
        return self._root is not None

    def validate(self, new: Manifest, old: Manifest | None = None) -> list[Cause]:
        """What is wrong with an object; empty when nothing is.

        Args:
            new: The object as it would be stored, defaults included.
            old: The object as it is; None when it is being created.
        """
        if self._root is None:
            return []
        reference = None if old is None else (new, old)
        return list(_validate(self._root, "", new, old, reference))


def compile_errors(schema: Manifest, path: str = "") -> list[Cause]:
    """The rules of a schema that do not compile.

    Args:
        schema: The schema of a version of a CustomResourceDefinition.
        path: Where it is, such as `spec.versions[0].schema.openAPIV3Schema`.
    """
    return list(_compile_errors(schema, schema, path))


def _node(schema: Manifest) -> _Node | None:
    properties = {
        name: node
        for name, member in (schema.get("properties") or {}).items()
        if (node := _node(member)) is not None
    }
    additional = schema.get("additionalProperties")
    rules = tuple(_rule(rule) for rule in schema.get("x-kubernetes-validations") or ())
    node = _Node(
        type=schema.get("type", ""),
        rules=rules,
        convert=converter(schema) if rules else None,
        properties=properties,
        additional=_node(additional) if isinstance(additional, dict) else None,
        items=_node(schema["items"]) if isinstance(schema.get("items"), dict) else None,
        keys=_list_keys(schema),
        all_of=tuple(n for part in schema.get("allOf") or () if (n := _node(part)) is not None),
    )
    below = node.properties or node.additional or node.items or node.all_of
    return node if node.rules or below else None


def _list_keys(schema: Manifest) -> tuple[str, ...]:
    if schema.get("x-kubernetes-list-type") != "map":
        return ()
    return tuple(schema.get("x-kubernetes-list-map-keys") or ())


def _rule(rule: Manifest) -> _Rule:
    expression = rule.get("messageExpression")
    return _Rule(
        program=compile_expression(rule["rule"], _VARIABLES),
        message=(rule.get("message") or "").strip(),
        message_expression=compile_expression(expression, _VARIABLES) if expression else None,
        reason=rule.get("reason") or "FieldValueInvalid",
        field_path=re.sub(r"\['([^']*)'\]", r".\1", rule.get("fieldPath") or ""),
        optional_old_self=bool(rule.get("optionalOldSelf")),
    )


def _validate(
    node: _Node, path: str, new: Any, old: Any, reference: _Pair | None
) -> Iterator[Cause]:
    """Run the rules at a node and below it.

    `reference` is the nearest pair of values, here or above, that are at the same place before and
    after the write.
    """
    if new is None:
        return
    if node.rules:
        yield from _run(node, path, new, old, reference)
    for part in node.all_of:
        yield from _validate(part, path, new, old, reference)
    if isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        for name, value in new.items():
            child = node.properties.get(name)
            place = f"{path}.{name}" if path else name
            if child is None and node.additional is not None:
                child, place = node.additional, f"{path}[{name}]"
            if child is not None:
                pair = (value, before[name]) if name in before else reference
                yield from _validate(child, place, value, before.get(name), pair)
    elif isinstance(new, list) and node.items is not None:
        yield from _validate_items(node, node.items, path, new, old, reference)


def _validate_items(
    node: _Node, items: _Node, path: str, new: list[Any], old: Any, reference: _Pair | None
) -> Iterator[Cause]:
    before: dict[tuple[Any, ...], Any] = {}
    if node.keys and isinstance(old, list):
        before = {_key(node, item): item for item in old}
    for index, item in enumerate(new):
        earlier = before.get(_key(node, item)) if before else None
        pair = (item, earlier) if earlier is not None else reference
        yield from _validate(items, f"{path}[{index}]", item, earlier, pair)


def _key(node: _Node, item: Any) -> tuple[Any, ...]:
    return tuple(str(item.get(key)) if isinstance(item, dict) else "" for key in node.keys)


def _run(node: _Node, path: str, new: Any, old: Any, reference: _Pair | None) -> Iterator[Cause]:
    def typed(value: Any) -> Any:
        return node.convert(value) if node.convert is not None else value

    current = {"self": typed(new)}
    before = typed(old) if old is not None else None
    for rule in node.rules:
        variables = current
        if rule.optional_old_self:
            none = OptionalValue.none()
            variables = {**current, "oldSelf": none if old is None else OptionalValue.of(before)}
        elif rule.reads_old and old is None:
            continue
        elif old is not None:
            variables = {**current, "oldSelf": before}
        cause = _check(node, rule, path, new, variables)
        unchanged = reference is not None and reference[0] == reference[1]
        if cause is not None and (rule.reads_old or not unchanged):
            yield cause


def _check(
    node: _Node, rule: _Rule, path: str, value: Any, variables: dict[str, Any]
) -> Cause | None:
    at = path or "<nil>"
    try:
        result = rule.program.evaluate(variables)
    except EvaluationError as error:
        return _failed(at, node.type, f"{_worded(str(error))}: {rule.shown}")
    if result is True:
        return None
    if result is not False:
        return _failed(at, node.type, f"rule must evaluate to a bool: {rule.shown}")
    detail = _message(rule, variables)
    at = f"{path}{rule.field_path}".lstrip(".") or at
    if rule.reason == "FieldValueRequired":
        return Cause(at, f"Required value: {detail}", rule.reason)
    if rule.reason == "FieldValueForbidden":
        return Cause(at, f"Forbidden: {detail}", rule.reason)
    whole = node.type in ("object", "array")
    if rule.reason == "FieldValueDuplicate":
        return Cause(at, f"Duplicate value{'' if whole else f': {_shown(value)}'}", rule.reason)
    invalid = "Invalid value" if whole else f"Invalid value: {_shown(value)}"
    return Cause(at, f"{invalid}: {detail}")


def _worded(error: str) -> str:
    if error.startswith("no such overload"):
        return (
            "'no such overload': call arguments did not match a supported operator, function or "
            "macro signature for rule"
        )
    if error.startswith("operation cancelled"):
        return (
            f"'{error}': no further validation rules will be run due to call cost exceeds limit "
            "for rule"
        )
    return f"{error} evaluating rule"


def _message(rule: _Rule, variables: dict[str, Any]) -> str:
    if rule.message_expression is not None:
        try:
            text = rule.message_expression.evaluate(variables)
        except EvaluationError:
            text = None  # as in the real server: fall back on the fixed message
        if isinstance(text, str) and text.strip() and "\n" not in text:
            return text.strip()
    return rule.message or f"failed rule: {rule.shown}"


def _failed(path: str, type: str, detail: str) -> Cause:
    return Cause(path, f'Invalid value: "{type}": {detail}')


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()


def _compile_errors(schema: Manifest, root: Manifest, path: str) -> Iterator[Cause]:
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        at = f"{path}.x-kubernetes-validations[{index}]".lstrip(".")
        yield from _rule_errors(rule, schema, at, is_root=schema is root)
    for name, member in (schema.get("properties") or {}).items():
        yield from _compile_errors(member, root, f"{path}.properties[{name}]")
    for part in ("additionalProperties", "items"):
        if isinstance(schema.get(part), dict):
            yield from _compile_errors(schema[part], root, f"{path}.{part}")
    for index, member in enumerate(schema.get("allOf") or ()):
        yield from _compile_errors(member, root, f"{path}.allOf[{index}]")


def _rule_errors(rule: Manifest, schema: Manifest, at: str, *, is_root: bool) -> Iterator[Cause]:
    if not (rule.get("rule") or "").strip():
        yield Cause(f"{at}.rule", "Required value: rule is not specified", "FieldValueRequired")
        return
    for field in ("rule", "messageExpression"):
        if not rule.get(field):
            continue
        try:
            program = compile_expression(rule[field], _VARIABLES)
        except CompileError as error:
            yield Cause(f"{at}.{field}", f"Invalid value: {_shown(rule)}: {error}")
            continue
        if name := _undefined_field(program, schema, is_root=is_root):
            detail = f"compilation failed: undefined field '{name}'"
            yield Cause(f"{at}.{field}", f"Invalid value: {_shown(rule)}: {detail}")
        if field == "rule" and rule.get("optionalOldSelf") and "oldSelf" not in program.names:
            detail = "may not be set if oldSelf is not used in rule"
            yield Cause(f"{at}.optionalOldSelf", f"Invalid value: true: {detail}")


def _undefined_field(program: Program, schema: Manifest, *, is_root: bool) -> str:
    """The first field that a rule selects and the schema does not have; empty when there is none.

    Only selections that begin at `self` or `oldSelf` are followed: the types of the variables of
    comprehensions are not known here.
    """
    if is_root:
        text = {"type": "string"}
        known = {"apiVersion": text, "kind": text, "metadata": _OBJECT_META}
        schema = {**schema, "properties": {**(schema.get("properties") or {}), **known}}
    for _, (name, *fields) in program.chains:
        current = schema if name in _VARIABLES else {}
        for field in fields:
            properties = current.get("properties")
            if not properties or current.get("x-kubernetes-preserve-unknown-fields"):
                break
            if field not in properties:
                return str(field)
            current = properties[field]
    return ""
