from __future__ import annotations

import pytest

from idp.embedded.workflows.resource_conditions import all_met, first_met, parse_condition
from idp.kernel.errors import InvalidInput

OBJECT = {
    "metadata": {"labels": {"a.b/c": "x"}},
    "status": {
        "phase": "Succeeded",
        "succeeded": 3,
        "done": True,
        "list": [{"n": "one"}],
        "nil": None,
    },
}


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("", True),
        ("status.phase == Succeeded", True),
        ("status.phase = Succeeded", True),
        ("status.phase==Failed", False),
        ("status.phase != Failed", True),
        ("status.missing != Failed", True),
        ("status.missing == Failed", False),
        ("status.phase in (Failed, Succeeded)", True),
        ("status.phase notin (Failed, Succeeded)", False),
        ("status.succeeded > 2", True),
        ("status.succeeded < 3", False),
        ("status.phase > 2", False),
        ("status.missing > 2", False),
        ("status.done == true", True),
        ("status.list.0.n == one", True),
        ("status.list.1.n == one", False),
        ("status.phase", True),
        ("!status.phase", False),
        ("!status.missing", True),
        ("status.nil == ", True),
        (r"metadata.labels.a\.b/c == x", True),
        ("status.phase == Succeeded, status.succeeded > 5", False),
        ("status.phase in (a,b), status.succeeded > 1", False),
    ],
)
def test_success_needs_every_requirement(condition: str, met: bool) -> None:
    assert all_met(condition, OBJECT) is met


def test_one_requirement_is_a_failure() -> None:
    assert (
        first_met("status.phase == Failed, status.succeeded > 2", OBJECT) == "status.succeeded > 2"
    )
    assert first_met("status.phase == Failed", OBJECT) is None
    assert first_met(None, OBJECT) is None


@pytest.mark.parametrize(
    "condition",
    ["status.phase === x", "status.conditions.#(type==x)", "a > b", "a b", "a in b", "=="],
)
def test_what_is_not_in_the_grammar_is_refused(condition: str) -> None:
    with pytest.raises(InvalidInput):
        parse_condition(condition)


def test_a_variable_is_a_value_and_nothing_else() -> None:
    def fill(text: str) -> str:
        return text.replace("{{x}}", "Succeeded, !status.phase").replace("{{n}}", "2")

    assert not all_met("status.phase == {{x}}", OBJECT, fill)
    assert all_met("status.phase != {{x}}, status.succeeded > {{n}}", OBJECT, fill)
    with pytest.raises(InvalidInput, match="not an integer"):
        all_met("status.succeeded > {{x}}", OBJECT, fill)
