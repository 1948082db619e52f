from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.embedded.workflows.substitution import (
    ParsedManifest,
    substitute,
    substitute_all,
    variables_in,
)
from idp.kernel.errors import InvalidInput, NotFound


def test_every_variable_is_replaced_once() -> None:
    values = {"a": "{{b}}", "b": "x"}
    assert substitute("{{a}} {{ b }} { {b} }", values) == "{{b}} x { {b} }"


def test_a_variable_without_a_value_is_named() -> None:
    with pytest.raises(NotFound, match=r"\{\{steps.build.outputs.parameters.digest\}\}"):
        substitute("{{steps.build.outputs.parameters.digest}}", {})


def test_keys_and_values_are_replaced_everywhere() -> None:
    value = {"{{k}}": ["{{v}}", 1, None, {"x": "a{{v}}"}]}
    assert substitute_all(value, {"k": "key", "v": "w"}) == {"key": ["w", 1, None, {"x": "aw"}]}
    assert list(variables_in(value)) == ["k", "v", "v"]


MANIFEST = """
kind: Thing
replicas: {{n}}
quoted: "{{n}}"
single: '{{n}}'
text: n is {{n}}
block: |
  line {{n}}
list: [{{n}}, "{{n}}"]
labels: {name: {{n}}}
"""


@pytest.mark.parametrize(
    ("value", "read"),
    [("3", 3), ("-1.5", -1.5), ("true", True), ("null", None), ("word", "word"), ("007", "007")],
)
def test_an_unquoted_variable_reads_as_yaml_would(value: str, read: Any) -> None:
    filled = ParsedManifest(MANIFEST).fill({"n": value})
    assert filled == {
        "kind": "Thing",
        "replicas": read,
        "quoted": value,
        "single": value,
        "text": f"n is {value}",
        "block": f"line {value}\n",
        "list": [read, value],
        "labels": {"name": read},
    }


ATTACKS = [
    "a\nadmin: true",
    "}",
    "{",
    "]",
    '"',
    "'",
    "*x",
    "&x y",
    "- a",
    ": ",
    "# no",
    "!!python/x",
]


@settings(deadline=None)
@given(st.one_of(st.sampled_from(ATTACKS), st.text(max_size=40)))
def test_no_value_adds_structure(value: str) -> None:
    parsed = ParsedManifest('a: {{v}}\nb: "{{v}}"\nc: x {{v}} y\n').fill({"v": value})
    assert list(parsed) == ["a", "b", "c"]
    assert not isinstance(parsed["a"], dict | list)
    assert (parsed["b"], parsed["c"]) == (value, f"x {value} y")


def test_the_mark_of_a_variable_is_never_mistaken_for_text() -> None:
    text = 'a: "variable0y {{v}} variablex0y"\n'
    assert ParsedManifest(text).fill({"v": "!"}) == {"a": "variable0y ! variablex0y"}


@settings(deadline=None)
@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers() | st.booleans() | st.text(max_size=9))
)
def test_a_manifest_without_variables_reads_as_yaml(value: dict[str, Any]) -> None:
    text = yaml.safe_dump(value)
    if "{{" not in text:
        assert ParsedManifest(text).fill({}) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a", "not one object"),
        ("a: 1\n---\nb: 2", "not one object"),
        ("a: [", "the manifest:1: expected the node content"),
        ("a: 1\na: 2", "the manifest:2: the key 'a' is there twice"),
        ("1: a", "must be a string"),
        ("a: &x [*x]", "contains itself"),
        ("a: !!binary aGk=", "binary"),
        ("a: !!python/object:os.system x", "python/object"),
        ("a: \ud800", "not UTF-8"),
    ],
)
def test_what_is_no_plain_object_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        ParsedManifest(text)


def test_dates_stay_text() -> None:
    assert ParsedManifest("a: 2026-11-24").fill({}) == {"a": "2026-11-24"}
