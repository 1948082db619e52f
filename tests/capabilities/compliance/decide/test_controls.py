"""From evidence to controls."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.compliance.catalogue import Control, Framework
from idp.capabilities.compliance.decide.controls import assess
from idp.capabilities.compliance.kinds import ControlResult, EvidenceResult, State

STATES: tuple[State, ...] = get_args(State)


def stands(states: list[State], *, beyond: str = "", excluded: str | None = None) -> ControlResult:
    names = tuple(f"q{number}" for number in range(len(states)))
    framework = Framework("soc2", "t", "s", (Control("C1", "g", "t", names, beyond),))
    evidence = [
        EvidenceResult(name=name, title=name, state=state, message="said", remedy="do it")
        for name, state in zip(names, states, strict=True)
    ]
    assessed = assess(framework, evidence, {} if excluded is None else {"C1": excluded})
    assert sum(assessed.counts.model_dump().values()) == 1
    return assessed.controls[0]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "noEvidence"),
        (["met", "met"], "met"),
        (["met", "notApplicable"], "met"),
        (["notApplicable"], "notApplicable"),
        (["met", "notMet"], "partly"),
        (["met", "noEvidence"], "partly"),
        (["partly"], "partly"),
        (["noEvidence"], "noEvidence"),
        (["noEvidence", "notMet"], "notMet"),
        (["notMet", "notApplicable"], "notMet"),
    ],
)
def test_a_control_is_never_better_than_its_evidence(states: list[State], expected: State) -> None:
    result = stands(states)
    assert result.state == expected
    assert bool(result.remedy) == any(s not in ("met", "notApplicable") for s in states)


def test_what_the_platform_cannot_see_keeps_a_control_from_being_met() -> None:
    result = stands(["met"], beyond="people")
    assert (result.state, result.gap) == ("partly", "Not seen by the platform: people")
    assert "other means" in result.remedy


def test_an_excluded_control_says_why() -> None:
    result = stands(["notMet"], excluded="no premises")
    assert (result.state, result.gap) == ("notApplicable", "excluded: no premises")


def test_an_exclusion_of_no_control_is_found() -> None:
    framework = Framework("soc2", "t", "s", ())
    assert assess(framework, [], {"X9": "r"}).unknown == ["X9"]


@given(st.lists(st.sampled_from(STATES), max_size=4), st.sampled_from(STATES))
def test_worse_evidence_never_makes_a_control_better(states: list[State], further: State) -> None:
    if stands([*states, further]).state == "met":
        assert further in ("met", "notApplicable")
        assert set(states) <= {"met", "notApplicable"}
