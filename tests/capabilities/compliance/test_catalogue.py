"""The frameworks that the platform brings."""

from __future__ import annotations

import re

import pytest

from idp.capabilities.compliance.catalogue import FRAMEWORKS, framework
from idp.capabilities.compliance.decide.evidence import QUERIES
from idp.capabilities.compliance.kinds import FrameworkName

# Counted in the originals: 33 common criteria and 28 of the other categories; 22 categories of
# version 2.0; 37 organizational, 8 people, 14 physical and 34 technological controls.
COUNTS: dict[FrameworkName, int] = {"soc2": 61, "nist-csf": 22, "iso27001": 93}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_it_is_complete_and_each_control_stands_on_queries_that_exist(name: FrameworkName) -> None:
    found = framework(name)
    identifiers = [control.id for control in found.controls]
    assert len(identifiers) == len(set(identifiers)) == COUNTS[name]
    assert found.queries <= set(QUERIES)
    assert all(control.title and control.group for control in found.controls)


def test_every_query_serves_a_control() -> None:
    assert {name for f in FRAMEWORKS for name in framework(f).queries} == set(QUERIES)


def test_annex_a_is_numbered_without_a_hole() -> None:
    numbers: dict[str, list[int]] = {}
    for control in framework("iso27001").controls:
        match = re.fullmatch(r"A\.(\d)\.(\d+)", control.id)
        assert match is not None
        numbers.setdefault(match[1], []).append(int(match[2]))
    assert numbers == {
        "5": list(range(1, 38)),
        "6": list(range(1, 9)),
        "7": list(range(1, 15)),
        "8": list(range(1, 35)),
    }
