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
