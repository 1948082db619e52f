from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.embedded.workflows.expressions import evaluate, holds, parse, words
from idp.embedded.workflows.substitution import substitute
from idp.kernel.errors import InvalidInput, NotFound

VALUES = {"a": "5", "b": "text", "c": "true", "d": "x == x || true", "e": "", "f": "two words"}


def when(text: str) -> bool:
    return evaluate(parse(text), lambda part: substitute(part, VALUES))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("false", False),
        ("!false", True),
        ("{{c}}", True),
        ("{{c}} == true", True),
        ("'{{c}}' == true", False),
        ("{{a}} == 5", True),
        ("{{a}} == 5.0", True),
        ("'{{a}}' == '5'", True),
        ("{{a}} == '5'", False),
        ("{{a}} > 4 && {{a}} <= 5", True),
        ("{{a}} < 5 || {{a}} != 5", False),
        ("{{b}} == text", True),
        ("{{b}}-{{a}} == text-5", True),
        ('"{{f}}" == "two words"', True),
        ("{{f}} == 'two words'", True),
        ("'{{e}}' == ''", True),
        ("{{b}} in (other, 'text')", True),
        ("{{b}} in (other)", False),
        ("abc < abd", True),
        ("!(a == b) && (c == c || d == e)", True),
        ("a == b || c == c && d == e", False),
        ("{{d}} == other", False),
        ("r12-3fa9c1d == r12-3fa9c1d", True),
    ],
)
def test_when(text: str, expected: bool) -> None:
    assert when(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a ==",
        "== a",
        "(a == a",
        "a == a)",
        "a = a",
        "a == a b",
        "a in b",
        "a in (b",
        "a =~ b",
        "a; b",
        "x" * 5000,
        "(" * 100 + "a" + ")" * 100,
    ],
)
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


@pytest.mark.parametrize("text", ["word", "5", "{{d}}", "1 < a", "true > false"])
def test_what_cannot_be_decided_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        when(text)


def test_depends() -> None:
    expression = parse("A && (B.Succeeded || !C.Failed)")
    assert list(words(expression)) == ["A", "B.Succeeded", "C.Failed"]
    assert holds(expression, {"A": True, "B.Succeeded": False, "C.Failed": False}.__getitem__)
    assert not holds(expression, {"A": True, "B.Succeeded": False, "C.Failed": True}.__getitem__)
    with pytest.raises(InvalidInput):
        holds(parse("A == B"), lambda word: True)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_an_answer_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput, NotFound):
        assert isinstance(when(text), bool)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_a_value_never_changes_the_question(value: str) -> None:
    expression = parse("{{v}} == secret || '{{v}}' == secret")
    assert evaluate(expression, lambda t: substitute(t, {"v": value})) is (value == "secret")
