from __future__ import annotations

import json
from pathlib import Path

import pytest

from idp.capabilities.scanning.sandbox import Completed
from idp.capabilities.scanning.sbom import Bill
from idp.capabilities.scanning.scanners.ports import Target
from idp.capabilities.scanning.scanners.secrets import Secrets, read_report
from idp.kernel.errors import VerificationFailed

# Put together here, so that this file holds no text that looks like a key.
KEY = "AKIA" + "IOSFODNN7" + "EXAMPLE"


def test_a_secret_is_named_by_kind_and_place() -> None:
    body = {"results": {"./app/a.py": [{"type": "AWS Access Key", "line_number": 2}]}}
    report = read_report(Completed(0, json.dumps(body).encode(), b""), "1.5.0")
    (finding,) = report.findings
    assert (finding.id, finding.location) == ("aws-access-key", "/app/a.py:2")
    assert finding.severity == 7.0


def test_nothing_found_is_clean() -> None:
    assert read_report(Completed(0, b'{"results":{}}', b""), "1").status == "clean"


@pytest.mark.parametrize(
    "completed",
    [
        Completed(1, b'{"results":{}}', b"oh no"),
        Completed(0, b"", b""),
        Completed(0, b'{"results":[]}', b""),
        Completed(0, b'{"results":{"a":[{}]}}', b""),
        Completed(0, b"{}", b""),
    ],
)
def test_a_crash_and_garbage_are_no_report(completed: Completed) -> None:
    with pytest.raises(VerificationFailed):
        read_report(completed, "1")


async def test_it_really_finds_a_key_and_does_not_repeat_it(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/settings.py").write_text(f"x = 1\nkey = '{KEY}'\n")
    (tmp_path / "app/clean.py").write_text("x = 1\n")
    report = await Secrets().run(Target(tmp_path, Bill(frozenset(), brings_system=False)))
    assert "/app/settings.py:2" in {finding.location for finding in report.findings}
    assert {finding.location for finding in report.findings} == {"/app/settings.py:2"}
    assert KEY not in report.model_dump_json()
