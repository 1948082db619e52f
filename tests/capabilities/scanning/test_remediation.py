"""To which version a dependency is raised, and whether that helps."""

from __future__ import annotations

import pytest
from packaging.version import Version

from idp.capabilities.scanning.osv import Advisory, Affected, Event
from idp.capabilities.scanning.remediation import judge, lowest_fix, replace_requirement
from idp.capabilities.scanning.reports import Finding, complete, incomplete
from idp.kernel.errors import InvalidInput


def advisory(name: str, *ranges: tuple[Event, ...]) -> tuple[Advisory, Affected]:
    affected = Affected("PyPI", "flask", ranges, ())
    return Advisory(name, (), "2026-01-01T00:00:00Z", False, "", None, (affected,)), affected


ONE = advisory("A", (("introduced", "0"), ("fixed", "1.5")))
TWO = advisory("B", (("introduced", "1.4"), ("fixed", "2.0")))
BRANCHES = advisory(
    "C", (("introduced", "0"), ("fixed", "1.9"), ("introduced", "2"), ("fixed", "2.3"))
)
OPEN = advisory("D", (("introduced", "0"),))


@pytest.mark.parametrize(
    ("known", "used", "expected"),
    [
        ([ONE], "1.0", "1.5"),
        ([ONE, TWO], "1.0", "2.0"),
        ([BRANCHES], "1.0", "1.9"),
        ([BRANCHES], "2.1", "2.3"),
        ([ONE, BRANCHES], "1.0", "1.9"),
        ([OPEN], "1.0", None),
        ([ONE, OPEN], "1.0", None),
        ([], "1.0", None),
    ],
)
def test_the_lowest_version_without_a_known_vulnerability(
    known: list[tuple[Advisory, Affected]], used: str, expected: str | None
) -> None:
    found = lowest_fix(known, used)
    assert found == expected
    assert found is None or Version(found) > Version(used)


REQUIREMENTS = """\
# made by uv
click==8.0 \\
    --hash=sha256:aa
Flask[async]==1.0 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
jinja2==3.0
"""


def test_one_requirement_is_replaced_with_its_hashes() -> None:
    changed = replace_requirement(REQUIREMENTS, "flask", "flask==1.5 \\\n    --hash=sha256:dd\n")
    assert changed.splitlines() == [
        "# made by uv",
        "click==8.0 \\",
        "    --hash=sha256:aa",
        "flask==1.5 \\",
        "    --hash=sha256:dd",
        "jinja2==3.0",
    ]


@pytest.mark.parametrize("text", ["click==8.0\n", "flask>=1\n", "flask==1\nflask==2\n", ""])
def test_what_is_not_pinned_once_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"requirements\.txt pins flask"):
        replace_requirement(text, "flask", "flask==1.5")


def test_hashes_are_not_lost() -> None:
    with pytest.raises(InvalidInput, match="no hashes of flask"):
        replace_requirement(REQUIREMENTS, "flask", "flask==1.5")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], ""),
        ([Finding(id="OTHER", package="click")], ""),
        ([Finding(id="GHSA-1", aliases=["CVE-1"], package="flask")], "CVE-1 is still there"),
        ([Finding(id="NEW", package="werkzeug")], "it brings what was not there before: NEW"),
    ],
)
def test_whether_it_helps(found: list[Finding], said: str) -> None:
    report = complete("dependencies", "1", found)
    why = judge(report, "flask", ["CVE-1"], ["CVE-1", "GHSA-1", "OTHER"])
    assert said in why
    assert bool(why) == bool(said)


def test_without_advisories_nobody_can_tell() -> None:
    why = judge(incomplete("dependencies", "there are no advisories"), "flask", ["CVE-1"], [])
    assert "nobody can tell" in why
