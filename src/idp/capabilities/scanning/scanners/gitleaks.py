"""gitleaks: keys and passwords in the application's own files, by its own rules.

Runs: `gitleaks dir`, confined; off until it is installed.
Covers: what its rules know, which are more kinds of keys than detect-secrets knows.
Without a network: complete; it never tries a key out.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any

import orjson

from idp.capabilities.scanning.decide import lowest_score
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete
from idp.capabilities.scanning.sandbox import Completed, run_program
from idp.capabilities.scanning.scanners.output import location
from idp.capabilities.scanning.scanners.ports import Target
from idp.capabilities.scanning.scanners.programs import require_program
from idp.kernel.errors import VerificationFailed

PROGRAMS = ("gitleaks",)
# `--config` and this: a `.gitleaks.toml` or `.gitleaksignore` of the application does not count.
_ARGUMENTS = (
    "dir",
    "--report-format=json",
    "--report-path=-",
    "--redact",
    "--no-banner",
    "--exit-code=0",
    "--gitleaks-ignore-path=/dev/null",
    ".",
)


class Gitleaks:
    """Runs gitleaks. What it found is named by kind and place, never quoted."""

    name = "gitleaks"
    covers = "keys and passwords of known services in the application's files"

    def __init__(self, timeout: float = 300.0) -> None:
        self._timeout = timeout

    async def run(self, target: Target) -> ScannerReport:
        """Scan.

        Raises:
            IdpError: It cannot be run, or does not say what it found.
        """
        program = require_program(PROGRAMS)
        sources = target.require_sources()
        asked = await run_program(program, ("version",), sources, timeout=30.0)
        version = asked.output.decode(errors="replace").strip()[:40]
        with as_file(files("idp.capabilities.scanning") / "rules" / "gitleaks.toml") as rules:
            arguments = (*_ARGUMENTS, f"--config={rules}")
            completed = await run_program(
                program, arguments, sources, timeout=self._timeout, readable=[rules.parent]
            )
        return read_report(completed, version)


def read_report(completed: Completed, version: str) -> ScannerReport:
    """From its output to a report. Pure.

    Raises:
        VerificationFailed: It crashed, or printed something else.
    """
    if completed.code != 0:
        lines = completed.errors.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise VerificationFailed(f"gitleaks ended with code {completed.code}: {lines[-1][:300]}")
    try:
        findings = [_finding(leak) for leak in orjson.loads(completed.output)]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise VerificationFailed("gitleaks printed something else than a report") from error
    return complete(Gitleaks.name, version, findings)


def _finding(leak: dict[str, Any]) -> Finding:
    return Finding(
        id=str(leak["RuleID"])[:100],
        severity=lowest_score("high"),
        summary=" ".join(str(leak["Description"]).split())[:500],
        location=location(str(leak["File"]), leak["StartLine"]),
    )
