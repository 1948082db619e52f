from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.scanning.sandbox import Completed
from idp.capabilities.scanning.sbom import Bill
from idp.capabilities.scanning.scanners.bandit import Bandit, read_report
from idp.capabilities.scanning.scanners.ports import Target
from idp.kernel.errors import Invalid, VerificationFailed

NO_BILL = Bill(frozenset(), brings_system=False)


def printed(code: int = 1, **changes: Any) -> Completed:
    result = {
        "filename": "/target/app/a.py",
        "issue_severity": "MEDIUM",
        "issue_text": "Use of exec\n detected.",
        "line_number": 3,
        "test_id": "B102",
    }
    body = {"results": [result], "errors": [], **changes}
    return Completed(code, json.dumps(body).encode(), b"")


def test_a_result_becomes_a_finding() -> None:
    report = read_report(printed(), "1.9.4")
    (finding,) = report.findings
    assert (report.name, report.version, report.status) == ("bandit", "1.9.4", "findings")
    assert (finding.id, finding.severity, finding.location) == ("B102", 4.0, "/app/a.py:3")
    assert finding.summary == "Use of exec detected."


def test_no_result_is_clean() -> None:
    assert read_report(printed(0, results=[]), "1").status == "clean"


def test_a_file_that_was_not_parsed_makes_it_incomplete() -> None:
    errors = [{"filename": "/target/app/b.py", "reason": "syntax error"}]
    report = read_report(printed(errors=errors), "1")
    assert (report.status, len(report.findings)) == ("incomplete", 1)
    assert "/app/b.py" in report.reason


@pytest.mark.parametrize(
    ("completed", "message"),
    [
        (Completed(2, b"", b"Traceback\nValueError: x\n"), "code 2: ValueError: x"),
        (Completed(-9, b"", b""), "code -9: it said nothing"),
        (Completed(0, b"no json", b""), "printed no JSON"),
        (Completed(0, b"[]", b""), "no JSON object"),
        (Completed(0, b"{}", b""), "something else"),
        (Completed(1, b'{"results":[1],"errors":[]}', b""), "something else"),
        (Completed(1, b'{"results":null,"errors":[]}', b""), "something else"),
    ],
)
def test_a_crash_and_garbage_are_no_report(completed: Completed, message: str) -> None:
    with pytest.raises(VerificationFailed, match=message):
        read_report(completed, "1")


async def test_it_really_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/a.py").write_text("import subprocess\nsubprocess.call(x, shell=True)\n")
    (tmp_path / "app/b.py").write_text("password = 'hunter2hunter2'\n")
    (tmp_path / ".bandit").write_text("[bandit]\nskips: B602,B105\n")
    report = await Bandit().run(Target(tmp_path, NO_BILL))
    found = {finding.id: finding for finding in report.findings}
    assert found["B602"].location == "/app/a.py:2"
    assert found["B602"].severity == 7.0
    assert report.status == "findings"
    assert "hunter2" not in report.model_dump_json()
    assert found["B105"].location == "/app/b.py:1"


async def test_folders_that_bandit_skips_by_itself_are_scanned(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/a.py").write_text("exec(x)\n")
    report = await Bandit().run(Target(tmp_path, NO_BILL))
    assert [finding.location for finding in report.findings] == ["/.git/a.py:1"]


async def test_without_known_sources_it_does_not_look() -> None:
    with pytest.raises(Invalid, match="does not say where"):
        await Bandit().run(Target(None, NO_BILL))
