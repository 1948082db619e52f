from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.scanning.fingerprints import (
    advisory_name,
    context_of,
    fingerprints,
    path_of,
)
from idp.capabilities.scanning.reports import Finding, complete


def prints(*findings: Finding, scanner: str = "x") -> list[str]:
    return [print_ for print_, _ in fingerprints(complete(scanner, "1", list(findings)))]


PLACE = Finding(id="B101", location="/app/a.py:10", context="c1")
PACKAGE = Finding(id="GHSA-1", package="flask", version="1.0")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (PLACE, PLACE.model_copy(update={"location": "/app/a.py:99"}), True),
        (PLACE, PLACE.model_copy(update={"location": "/app/a.py:9:4"}), True),
        (PLACE, PLACE.model_copy(update={"severity": 9.0, "summary": "x"}), True),
        (PLACE, PLACE.model_copy(update={"location": "/app/b.py:10"}), False),
        (PLACE, PLACE.model_copy(update={"context": "c2"}), False),
        (PLACE, PLACE.model_copy(update={"id": "B102"}), False),
        (PACKAGE, PACKAGE.model_copy(update={"version": "1.1"}), True),
        (PACKAGE, PACKAGE.model_copy(update={"package": "Flask"}), True),
        (PACKAGE, PACKAGE.model_copy(update={"package": "jinja2"}), False),
        (PACKAGE, Finding(id="PYSEC-1", aliases=["GHSA-1"], package="flask"), True),
        (
            Finding(id="GHSA-1", aliases=["CVE-2026-1234"], package="flask"),
            Finding(id="PYSEC-9", aliases=["CVE-2026-1234", "A-1"], package="flask"),
            True,
        ),
    ],
)
def test_who_is_who(one: Finding, other: Finding, same: bool) -> None:
    assert (prints(one) == prints(other)) == same


def test_scanners_are_apart() -> None:
    assert prints(PLACE, scanner="a") != prints(PLACE, scanner="b")


def test_alike_ones_are_numbered() -> None:
    assert len(set(prints(PLACE, PLACE, PLACE))) == 3
    assert prints(PLACE, PLACE)[0] == prints(PLACE)[0]


def test_a_cve_goes_before_other_names() -> None:
    assert advisory_name(Finding(id="A", aliases=["CVE-2026-1234"])) == "CVE-2026-1234"
    assert advisory_name(Finding(id="B", aliases=["A"])) == "A"


@pytest.mark.parametrize("location", ["/a.py", "/a.py:3", "/a.py:3:14"])
def test_a_path_has_no_line(location: str) -> None:
    assert path_of(location) == "/a.py"


def test_indentation_is_no_difference() -> None:
    assert context_of(["  eval(x)"]) == context_of(["\teval(x) "]) != context_of(["eval(y)"])
    assert context_of(["", " "]) == ""


@given(st.lists(st.sampled_from(["B1", "B2"]), max_size=8), st.integers(1, 500))
def test_shifting_every_line_changes_no_identity(rules: list[str], shift: int) -> None:
    before = [Finding(id=r, location=f"/a.py:{n}") for n, r in enumerate(rules, start=1)]
    after = [Finding(id=r, location=f"/a.py:{n + shift}") for n, r in enumerate(rules, start=1)]
    assert prints(*before) == prints(*after)
    assert max(Counter(prints(*before)).values(), default=1) == 1
