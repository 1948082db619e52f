from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.scanning.advisories import AdvisoryDatabase
from idp.capabilities.scanning.importing import import_advisories
from idp.capabilities.scanning.sbom import Bill
from idp.capabilities.scanning.scanners.dependencies import Dependencies
from idp.capabilities.scanning.scanners.ports import Target

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CRITICAL = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}


def bill(*distributions: tuple[str, str], brings_system: bool = False) -> Bill:
    return Bill(frozenset(("PyPI", *one) for one in distributions), brings_system)


def record(name: str, **changes: Any) -> dict[str, Any]:
    events = [{"introduced": "0"}, {"fixed": "2.0"}]
    return {
        "id": name,
        "modified": "2026-11-20T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "flask"},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
        **changes,
    }


@pytest.fixture
def known(advisories: AdvisoryDatabase, tmp_path: Path) -> AdvisoryDatabase:
    records = [
        record("PYSEC-1", aliases=["CVE-1"], summary="Bad"),
        record("GHSA-1", aliases=["CVE-1"], severity=[CRITICAL]),
        record("PYSEC-2"),
    ]
    (tmp_path / "records.json").write_text(json.dumps(records))
    import_advisories(advisories, tmp_path / "records.json", lambda: NOW)
    return advisories


def scanner(database: AdvisoryDatabase, max_age_days: float = 7) -> Dependencies:
    return Dependencies(database, max_age_days, lambda: NOW)


async def test_known_vulnerabilities_are_found(known: AdvisoryDatabase) -> None:
    target = Target(None, bill(("flask", "1.5"), ("jinja2", "3.0")))
    report = await scanner(known).run(target)
    assert [(f.id, f.aliases, f.severity) for f in report.findings] == [
        ("GHSA-1", ["CVE-1", "PYSEC-1"], 9.8),
        ("PYSEC-2", [], None),
    ]
    assert {(f.package, f.version) for f in report.findings} == {("flask", "1.5")}
    assert report.status == "findings"
    assert report.database == known.status()


def test_a_fixed_version_is_clean(known: AdvisoryDatabase) -> None:
    assert scanner(known).match(bill(("flask", "2.0"))).status == "clean"


def test_without_advisories_it_is_incomplete(advisories: AdvisoryDatabase) -> None:
    report = scanner(advisories).match(bill(("flask", "1.0")))
    assert (report.status, report.database) == ("incomplete", None)
    assert "security db import" in report.reason


def test_old_advisories_make_it_incomplete_and_are_used(known: AdvisoryDatabase) -> None:
    report = scanner(known, 3.5).match(bill(("flask", "1.0")))
    assert (report.status, len(report.findings)) == ("incomplete", 2)
    assert "4 days old, more than 3.5" in report.reason


def test_a_version_that_cannot_be_compared_makes_it_incomplete(known: AdvisoryDatabase) -> None:
    report = scanner(known).match(bill(("flask", "2004d"), ("jinja2", "1.0")))
    assert report.status == "incomplete"
    assert "flask 2004d" in report.reason


def test_an_image_with_its_own_system_is_incomplete(known: AdvisoryDatabase) -> None:
    report = scanner(known).match(bill(brings_system=True))
    assert report.status == "incomplete"
    assert "operating system" in report.reason


DATA = Path(__file__).parents[1] / "data"
LOG4J = "org.apache.logging.log4j:log4j-core"


@pytest.fixture
def published(advisories: AdvisoryDatabase) -> AdvisoryDatabase:
    report = import_advisories(advisories, DATA / "advisories.jsonl", lambda: NOW)
    assert (report.added, report.malformed, report.skipped) == (7, 0, 0)
    return advisories


@pytest.mark.parametrize(
    ("ecosystem", "name", "bad", "good", "advisory", "score"),
    [
        ("PyPI", "jinja2", "3.1.2", "3.1.3", "CVE-2024-22195", 5.4),
        ("npm", "lodash", "4.17.15", "4.17.21", "CVE-2020-8203", 7.4),
        ("Go", "golang.org/x/text", "v0.3.7", "v0.3.8", "CVE-2022-32149", 7.5),
        ("Maven", LOG4J, "2.14.1", "2.15.0", "CVE-2021-44228", 10.0),
        ("Maven", LOG4J, "2.12.1", "2.12.2", "CVE-2021-44228", 10.0),
        ("RubyGems", "rack", "2.2.3", "2.2.3.1", "CVE-2022-30122", 7.5),
        ("crates.io", "time", "0.2.22", "0.2.23", "CVE-2020-26235", 6.2),
        ("Debian:11", "openssl", "1.1.1k-1+deb11u1", "1.1.1k-1+deb11u2", "CVE-2022-0778", 7.5),
    ],
)
def test_known_bad_versions_of_real_packages(
    published: AdvisoryDatabase,
    ecosystem: str,
    name: str,
    bad: str,
    good: str,
    advisory: str,
    score: float,
) -> None:
    installed = Bill(frozenset({(ecosystem, name, bad)}), brings_system=False)
    (finding,) = scanner(published, 9999).match(installed).findings
    assert advisory in (finding.id, *finding.aliases)
    assert (finding.package, finding.version, finding.severity) == (name, bad, score)
    fixed = Bill(frozenset({(ecosystem, name, good)}), brings_system=False)
    assert scanner(published, 9999).match(fixed).status == "clean"


def test_what_no_advisory_was_imported_for_makes_it_incomplete(known: AdvisoryDatabase) -> None:
    other = Bill(frozenset({("npm", "lodash", "4.17.15")}), brings_system=False)
    report = scanner(known).match(other)
    assert report.status == "incomplete"
    assert "There are no advisories for npm" in report.reason


def test_what_could_not_be_read_or_is_of_an_unknown_system_makes_it_incomplete(
    known: AdvisoryDatabase,
) -> None:
    ubuntu = Bill(frozenset({("Ubuntu:22.04", "bash", "5")}), False, frozenset({"a gap"}))
    report = scanner(known).match(ubuntu)
    assert report.reason == "Packages of Ubuntu:22.04 are not compared. a gap."


@pytest.mark.parametrize(
    ("module", "version", "others", "status"),
    [
        ("golang.org/x/text", "v0.3.7", (), "findings"),
        ("golang.org/x/tex", "v0.3.7", (), "clean"),
        ("golang.org/x", "v0.3.7", ("golang.org/x/text",), "findings"),
        ("golang.org/x/text/language/v2", "v0.3.7", (), "clean"),
    ],
)
def test_go_advisories_about_a_package_are_about_its_module(
    published: AdvisoryDatabase, module: str, version: str, others: tuple[str, ...], status: str
) -> None:
    installed = {("Go", name, version) for name in (module, *others)}
    report = scanner(published, 9999).match(Bill(frozenset(installed), brings_system=False))
    assert report.status == status
    assert {finding.package for finding in report.findings} <= {"golang.org/x/text"}
