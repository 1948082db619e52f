"""Patterns and CEL rules of definitions, and values made for them."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.apiserver.hostile.conftest import Attacker, Define

TRAPS = "/apis/example.com/v1/namespaces/default/traps"
TEXT = {"type": "string"}
LIST = {"type": "array", "items": {"type": "integer"}}


def trap(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Trap",
        "metadata": {"name": "t"},
        "spec": spec,
    }


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){20}", "x*" * 500]
)
async def test_patterns_take_linear_time(attacker: Attacker, define: Define, pattern: str) -> None:
    schema = {"type": "object", "properties": {"s": {**TEXT, "pattern": pattern}}}
    assert (await define(schema)).status == 201
    answer = await attacker.send("POST", TRAPS, trap(s="a" * 100_000 + "!"))
    assert answer.status in (201, 422)


@pytest.mark.parametrize("pattern", ["[", "(?=a)b", r"(a)\1", "(a{1000}){1000}", "a{99999}"])
async def test_patterns_that_go_refuses_or_that_grow_huge(define: Define, pattern: str) -> None:
    answer = await define({"type": "object", "properties": {"s": {**TEXT, "pattern": pattern}}})
    assert answer.status == 422
    assert "must be a valid regular expression" in answer.message


@pytest.mark.parametrize(
    ("rule", "spec"),
    [
        ("self.s.matches('(a+)+$')", {"s": "a" * 100_000 + "!"}),
        ("self.s.find('(a+)+$') == ''", {"s": "a" * 60 + "!"}),
        ("self.s.findAll('(a|aa)+$').size() == 0", {"s": "a" * 60 + "!"}),
        ("self.s.find('a*a*a*a*$') == ''", {"s": "a" * 8000 + "!"}),
        ("self.l.all(x, self.l.all(y, self.l.all(z, x == y)))", {"l": [1] * 2000}),
        ("self.l.map(x, self.l.map(y, self.l)).size() > 0", {"l": [1] * 200}),
        (
            f"self.s.replace('a', '{'a' * 100}').replace('a', '{'a' * 100}') == ''",
            {"s": "a" * 9999},
        ),
        ("self.s.split('').map(x, self.s.split('')).size() > 0", {"s": "a" * 9999}),
        ("self.s.matches(self.s)", {"s": "(a{500}){500}"}),
        ("quantity(self.s).isGreaterThan(quantity('1'))", {"s": "9" * 100_000}),
        ("self.i / 0 == 1", {"i": 1}),
        ("self.i * 9223372036854775807 > 0", {"i": 2}),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
async def test_rules_that_cost_too_much(
    attacker: Attacker, define: Define, rule: str, spec: dict[str, Any]
) -> None:
    schema = {
        "type": "object",
        "properties": {"s": TEXT, "l": LIST, "i": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": rule}],
    }
    defined = await define(schema)
    assert defined.status in (201, 422)
    if defined.status == 201:
        answer = await attacker.send("POST", TRAPS, trap(**spec))
        assert answer.status in (201, 422)
    assert (await attacker.send("GET", "/readyz")).status == 200


@pytest.mark.parametrize(
    "rule",
    ["(" * 2000 + "true" + ")" * 2000, "!" * 5000 + "true", "[" * 1000, "true" + "&&true" * 20_000],
    ids=["parentheses", "negations", "brackets", "conjunctions"],
)
async def test_rules_nested_too_deeply(define: Define, rule: str) -> None:
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": rule}]}
    answer = await define(schema)
    assert answer.status in (201, 400, 422)
