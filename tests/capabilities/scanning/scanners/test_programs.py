"""Programs of others: by what they printed once, from a stand-in that runs in the real sandbox."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from idp.capabilities.scanning.reports import ScannerReport
from idp.capabilities.scanning.sbom import Bill
from idp.capabilities.scanning.scanners.checkov import Checkov
from idp.capabilities.scanning.scanners.gitleaks import Gitleaks
from idp.capabilities.scanning.scanners.opengrep import Opengrep
from idp.capabilities.scanning.scanners.ports import Scanner, Target, run_all
from idp.capabilities.scanning.scanners.programs import find_program

SAMPLES = Path(__file__).parent / "samples"
SCANNERS: dict[str, Scanner] = {
    "opengrep": Opengrep(),
    "gitleaks": Gitleaks(),
    "checkov": Checkov(),
}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def install(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


async def report_of(scanner: Scanner, folder: Path) -> ScannerReport:
    async def ignore(_: str) -> None: ...

    target = Target(folder, Bill(frozenset(), brings_system=False))
    (report,) = await run_all([scanner], target, ignore)
    return report


def test_what_is_not_installed_is_off(programs: Path) -> None:
    assert find_program(("opengrep", "semgrep")) is None
    install(programs, "semgrep", "true")
    assert find_program(("opengrep", "semgrep")) == programs / "semgrep"


@pytest.mark.parametrize("name", SCANNERS)
async def test_what_was_uninstalled_makes_it_incomplete(
    programs: Path, tmp_path: Path, name: str
) -> None:
    report = await report_of(SCANNERS[name], tmp_path)
    assert report.status == "incomplete"
    assert f"{name}" in report.reason
    assert "is not installed" in report.reason


@pytest.mark.parametrize("name", SCANNERS)
@pytest.mark.parametrize("script", ["echo no json", "echo oh no >&2; exit 9", "kill -9 $$"])
async def test_what_crashes_or_prints_something_else_makes_it_incomplete(
    programs: Path, tmp_path: Path, name: str, script: str
) -> None:
    install(programs, name, script)
    report = await report_of(SCANNERS[name], tmp_path)
    assert (report.status, report.findings) == ("incomplete", [])


async def test_opengrep(programs: Path, tmp_path: Path) -> None:
    install(programs, "opengrep", f"cat <<'END'\n{(SAMPLES / 'opengrep.json').read_text()}\nEND")
    (tmp_path / "a.js").write_text("one\neval(x)\n")
    report = await report_of(SCANNERS["opengrep"], tmp_path)
    assert (report.name, report.version, report.status) == ("opengrep", "1.185.0", "findings")
    first = report.findings[0]
    assert (first.id, first.severity, first.location) == ("js-eval", 7.0, "/a.js:2")
    assert first.context


async def test_opengrep_that_could_not_parse_a_file_is_incomplete(
    programs: Path, tmp_path: Path
) -> None:
    sample = json.loads((SAMPLES / "opengrep.json").read_text())
    sample["errors"] = [{"type": "Syntax error", "level": "warn", "path": "b.go", "message": "x"}]
    install(programs, "opengrep", f"cat <<'END'\n{json.dumps(sample)}\nEND")
    report = await report_of(SCANNERS["opengrep"], tmp_path)
    assert (report.status, len(report.findings)) == ("incomplete", 2)


async def test_gitleaks(programs: Path, tmp_path: Path) -> None:
    printed = (SAMPLES / "gitleaks.json").read_text()
    script = f'if [ "$1" = version ]; then echo 8.30.1; else cat <<END\n{printed}\nEND\nfi'
    install(programs, "gitleaks", script)
    report = await report_of(SCANNERS["gitleaks"], tmp_path)
    assert (report.version, report.status) == ("8.30.1", "findings")
    assert [(f.id, f.location) for f in report.findings] == [
        ("github-pat", "/c.py:1"),
        ("aws-access-token", "/c.py:1"),
    ]


def test_our_rules_of_opengrep_are_well_formed() -> None:
    rules = yaml.safe_load((files("idp.capabilities.scanning") / "rules/opengrep.yaml").read_text())
    assert len({rule["id"] for rule in rules["rules"]}) == len(rules["rules"]) == 10
    assert all({"languages", "severity", "message"} <= set(rule) for rule in rules["rules"])
