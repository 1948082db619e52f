from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import idp.capabilities
from idp.embedded.apiserver.cel.program import CompileError
from idp.embedded.apiserver.cel.rules import SchemaRules, compile_errors
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest, Resource
from idp.kernel.schema import openapi_schema


def rule(expression: str, **fields: Any) -> Manifest:
    return {"rule": expression, **fields}


def spec_schema(properties: Manifest, *rules: Manifest) -> Manifest:
    spec = {"type": "object", "properties": properties, "x-kubernetes-validations": list(rules)}
    return {"type": "object", "properties": {"spec": spec}}


REPLICAS = {"replicas": {"type": "integer"}, "max": {"type": "integer"}}


def test_a_rule_that_holds_says_nothing() -> None:
    rules = SchemaRules(spec_schema(REPLICAS, rule("self.replicas <= self.max")))
    assert rules.validate({"spec": {"replicas": 1, "max": 2}}) == []


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({}, Cause("spec", "Invalid value: failed rule: self.replicas <= self.max")),
        ({"message": "too many"}, Cause("spec", "Invalid value: too many")),
        (
            {"messageExpression": "'%d is over %d'.format([self.replicas, self.max])"},
            Cause("spec", "Invalid value: 3 is over 2"),
        ),
        (
            {"messageExpression": "self.absent", "message": "fixed"},
            Cause("spec", "Invalid value: fixed"),
        ),
        (
            {"message": "no", "reason": "FieldValueForbidden", "fieldPath": ".replicas"},
            Cause("spec.replicas", "Forbidden: no", "FieldValueForbidden"),
        ),
        (
            {"message": "no", "reason": "FieldValueRequired", "fieldPath": "['max']"},
            Cause("spec.max", "Required value: no", "FieldValueRequired"),
        ),
    ],
)
def test_a_rule_that_fails(fields: dict[str, Any], cause: Cause) -> None:
    rules = SchemaRules(spec_schema(REPLICAS, rule("self.replicas <= self.max", **fields)))
    assert rules.validate({"spec": {"replicas": 3, "max": 2}}) == [cause]


def test_a_rule_that_cannot_be_evaluated_fails() -> None:
    rules = SchemaRules(spec_schema(REPLICAS, rule("self.replicas <= self.max")))
    (cause,) = rules.validate({"spec": {"replicas": 3}})
    assert cause.message == (
        'Invalid value: "object": no such key: max evaluating rule: self.replicas <= self.max'
    )


def test_a_rule_on_the_whole_object_has_no_path() -> None:
    schema = {"type": "object", "x-kubernetes-validations": [rule("self.metadata.name != 'x'")]}
    (cause,) = SchemaRules(schema).validate({"metadata": {"name": "x"}})
    assert cause.field == "<nil>"


def test_rules_inside_lists_and_maps_name_their_place() -> None:
    positive = {"type": "integer", "x-kubernetes-validations": [rule("self > 0", message="low")]}
    schema = spec_schema(
        {
            "list": {"type": "array", "items": positive},
            "map": {"type": "object", "additionalProperties": positive},
        }
    )
    causes = SchemaRules(schema).validate({"spec": {"list": [1, -1], "map": {"a": 1, "b": -2}}})
    assert [(c.field, c.message) for c in causes] == [
        ("spec.list[1]", "Invalid value: -1: low"),
        ("spec.map[b]", "Invalid value: -2: low"),
    ]


def test_a_number_is_a_double_however_it_is_written() -> None:
    schema = spec_schema({"ratio": {"type": "number"}}, rule("self.ratio * 2.0 < 3.0"))
    assert SchemaRules(schema).validate({"spec": {"ratio": 1}}) == []


def test_formats_give_their_types() -> None:
    schema = spec_schema(
        {
            "at": {"type": "string", "format": "date-time"},
            "wait": {"type": "string", "format": "duration"},
            "data": {"type": "string", "format": "byte"},
        },
        rule("self.at.getFullYear() == 2026 && self.wait > duration('1h') && self.data == b'hi'"),
    )
    spec = {"at": "2026-01-02T03:04:05Z", "wait": "1h1s", "data": "aGk="}
    assert SchemaRules(schema).validate({"spec": spec}) == []


IMMUTABLE = rule("self == oldSelf", message="immutable")


def test_a_transition_rule_runs_on_updates_only() -> None:
    rules = SchemaRules(
        spec_schema({"class": {"type": "string", "x-kubernetes-validations": [IMMUTABLE]}})
    )
    assert rules.validate({"spec": {"class": "a"}}) == []
    assert rules.validate({"spec": {"class": "a"}}, {"spec": {}}) == []
    assert rules.validate({"spec": {"class": "a"}}, {"spec": {"class": "a"}}) == []
    (cause,) = rules.validate({"spec": {"class": "b"}}, {"spec": {"class": "a"}})
    assert (cause.field, cause.message) == ("spec.class", 'Invalid value: "b": immutable')


def test_an_optional_old_self_rule_runs_always() -> None:
    once = rule("oldSelf.hasValue() || self == 'first'", optionalOldSelf=True, message="no")
    rules = SchemaRules(
        spec_schema({"class": {"type": "string", "x-kubernetes-validations": [once]}})
    )
    assert rules.validate({"spec": {"class": "first"}}) == []
    assert len(rules.validate({"spec": {"class": "second"}})) == 1
    assert rules.validate({"spec": {"class": "second"}}, {"spec": {"class": "first"}}) == []


def test_list_items_are_compared_by_their_keys() -> None:
    item = {"type": "object", "x-kubernetes-validations": [rule("self.v == oldSelf.v")]}
    lists = {"type": "array", "items": item}
    as_map = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    old = {"spec": {"list": [{"name": "a", "v": 1}, {"name": "b", "v": 2}]}}
    new = {"spec": {"list": [{"name": "b", "v": 2}, {"name": "a", "v": 3}, {"name": "c", "v": 4}]}}
    causes = SchemaRules(spec_schema({"list": {**lists, **as_map}})).validate(new, old)
    assert [cause.field for cause in causes] == ["spec.list[1]"]
    assert SchemaRules(spec_schema({"list": lists})).validate(new, old) == []


def test_a_tightened_rule_does_not_freeze_what_is_there() -> None:
    rules = SchemaRules(spec_schema(REPLICAS, rule("self.replicas < 2", message="no")))
    old: Manifest = {"metadata": {"labels": {}}, "spec": {"replicas": 5}}
    assert rules.validate({**old, "metadata": {"labels": {"a": "b"}}}, old) == []
    assert len(rules.validate({"spec": {"replicas": 6}}, old)) == 1


def test_nested_schemas_without_rules_are_not_walked() -> None:
    assert not SchemaRules(spec_schema({"deep": {"type": "object", "properties": REPLICAS}}, *[]))


@pytest.mark.parametrize(
    ("broken", "field", "message"),
    [
        (rule("self.replicas <"), "rule", "compilation failed: ERROR: <input>:1:"),
        (rule("self.nope == 1"), "rule", "undefined field 'nope'"),
        (rule("other == 1"), "rule", "undeclared reference to 'other'"),
        (rule(""), "rule", "Required value: rule is not specified"),
        (rule("true", messageExpression="1 +"), "messageExpression", "compilation failed"),
        (rule("true", optionalOldSelf=True), "optionalOldSelf", "may not be set"),
    ],
)
def test_rules_that_do_not_compile_are_told_when_the_schema_is_stored(
    broken: Manifest, field: str, message: str
) -> None:
    (cause,) = compile_errors(spec_schema(REPLICAS, rule("true"), broken), "spec.schema")
    assert cause.field == f"spec.schema.properties[spec].x-kubernetes-validations[1].{field}"
    assert message in cause.message


def test_fields_of_the_whole_object_are_known() -> None:
    schema = {"type": "object", "x-kubernetes-validations": [rule("self.metadata.name != ''")]}
    assert compile_errors(schema) == []
    schema = {"type": "object", "x-kubernetes-validations": [rule("self.metadata.labels != {}")]}
    (cause,) = compile_errors(schema)
    assert "undefined field 'labels'" in cause.message


def test_unknown_fields_of_open_objects_are_not_judged() -> None:
    open_object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    assert compile_errors(spec_schema({"any": open_object}, rule("self.any.thing == 1"))) == []


def test_a_broken_rule_is_never_silently_dropped() -> None:
    with pytest.raises(CompileError):
        SchemaRules(spec_schema({}, rule("1 +")))


def test_the_rules_of_the_platforms_own_kinds_compile() -> None:
    checked = 0
    for module in pkgutil.walk_packages(idp.capabilities.__path__, "idp.capabilities."):
        if module.name.rpartition(".")[2] == "kinds":
            for value in vars(importlib.import_module(module.name)).values():
                is_kind = isinstance(value, type) and issubclass(value, Resource)
                if is_kind and "definition" in vars(value):
                    assert compile_errors(openapi_schema(value)) == [], value.__name__
                    checked += 1
    assert checked > 0
