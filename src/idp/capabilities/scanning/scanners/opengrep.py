"""opengrep, or semgrep, whose rules and reports are the same: static analysis of many languages.

Runs: `opengrep scan` with the rules of `rules/opengrep.yaml`, confined; off until it is installed.
Covers: JavaScript, TypeScript, Go, Java and Python by rules of ours. No rules are fetched.
Without a network: complete. A file that it cannot parse makes the report incomplete.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from idp.capabilities.scanning.fingerprints import context_of
from idp.capabilities.scanning.parsers.semgrep import Semgrep
from idp.capabilities.scanning.reports import Finding, ScannerReport
from idp.capabilities.scanning.sandbox import Completed, run_program
from idp.capabilities.scanning.scanners.output import read_output
from idp.capabilities.scanning.scanners.ports import Target
from idp.capabilities.scanning.scanners.programs import require_program
from idp.kernel.errors import VerificationFailed

PROGRAMS = ("opengrep", "semgrep")
_ARGUMENTS = (
    "scan",
    "--json",
    "--quiet",
    "--no-git-ignore",
    "--metrics=off",
    "--disable-version-check",
    "--jobs=1",
)

_CERTIFICATES = Path("/etc/ssl/certs")
"""It loads them when it starts, though there is nobody to talk to, and fails without them."""


class Opengrep:
    """Runs opengrep. `nosemgrep` comments count: they are the authors' reviewed exceptions."""

    name = "opengrep"
    covers = "the application's sources in several languages"

    def __init__(self, timeout: float = 300.0) -> None:
        self._timeout = timeout

    async def run(self, target: Target) -> ScannerReport:
        """Scan.

        Raises:
            IdpError: It cannot be run, or does not say what it found.
        """
        program = require_program(PROGRAMS)
        sources = target.require_sources()
        with as_file(files("idp.capabilities.scanning") / "rules" / "opengrep.yaml") as rules:
            arguments = (*_ARGUMENTS, f"--config={rules}", ".")
            readable = [rules.parent, _CERTIFICATES]
            completed = await run_program(
                program, arguments, sources, timeout=self._timeout, readable=readable
            )
        return read_report(completed, sources)


def read_report(completed: Completed, sources: Path) -> ScannerReport:
    """From its output, and the files that it is about, to a report.

    Raises:
        VerificationFailed: It is not its output.
    """
    output = read_output("opengrep", completed, good_codes=(0, 1, 3))
    try:
        report = Semgrep().parse(output)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise VerificationFailed("opengrep printed something else than a report") from error
    findings = [_own(finding, sources) for finding in report.findings]
    return report.model_copy(update={"name": Opengrep.name, "findings": findings})


def _own(finding: Finding, sources: Path) -> Finding:
    """The rule without the path of our file of rules; what stands there, which it does not tell."""
    place = finding.location.removeprefix("./").lstrip("/")
    path, _, number = place.rpartition(":")
    lines: list[str] = []
    if number.isdigit() and (sources / path).is_file():
        text = (sources / path).read_text(errors="replace")
        lines = text.splitlines()[int(number) - 1 : int(number)]
    changes = {
        "id": finding.id.rpartition(".")[2],
        "location": f"/{place}",
        "context": context_of(lines),
    }
    return finding.model_copy(update=changes)
