"""bandit: static analysis of the application's own Python sources."""

from __future__ import annotations

from typing import Any

from idp.capabilities.scanning.decide import lowest_score
from idp.capabilities.scanning.fingerprints import context_of
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete, incomplete
from idp.capabilities.scanning.sandbox import TARGET, Completed, run_module
from idp.capabilities.scanning.scanners.output import installed_version, location, read_output
from idp.capabilities.scanning.scanners.ports import Target
from idp.kernel.errors import VerificationFailed

# These rules quote the password that they found.
_QUOTES_SECRETS = {"B105", "B106", "B107"}
# An excluded path that does not exist replaces bandit's own list of folders to skip, and an empty
# configuration keeps it from reading a `.bandit` file of the application.
_ARGUMENTS = (
    *("--recursive", TARGET),
    *("--format", "json"),
    *("--exclude", "/nothing"),
    *("--ini", "/dev/null"),
    "--quiet",
)


class Bandit:
    """Runs bandit. `# nosec` comments count: they are the authors' reviewed exceptions."""

    name = "bandit"
    covers = "the application's Python sources"

    def __init__(self, timeout: float = 300.0) -> None:
        self._timeout = timeout

    async def run(self, target: Target) -> ScannerReport:
        """Scan.

        Raises:
            IdpError: It cannot be run, or does not say what it found.
        """
        version = installed_version("bandit")
        sources = target.require_sources()
        completed = await run_module("bandit", _ARGUMENTS, sources, timeout=self._timeout)
        return read_report(completed, version)


def read_report(completed: Completed, version: str) -> ScannerReport:
    """From bandit's output to a report. Pure.

    Raises:
        VerificationFailed: It is not bandit's output.
    """
    output = read_output("bandit", completed, good_codes=(0, 1))
    try:
        findings = [_finding(result) for result in output["results"]]
        unread = [location(error["filename"], None) for error in output["errors"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise VerificationFailed("bandit printed something else than a report") from error
    if unread:
        reason = f"files that cannot be parsed: {', '.join(sorted(unread)[:5])}"
        return incomplete("bandit", reason, version=version, findings=findings)
    return complete("bandit", version, findings)


def _finding(result: dict[str, Any]) -> Finding:
    rule, text = str(result["test_id"]), str(result["issue_text"])
    if rule in _QUOTES_SECRETS:
        text = text.partition(":")[0]
    return Finding(
        id=rule,
        severity=lowest_score(result["issue_severity"]),
        summary=" ".join(text.split())[:500],
        location=location(str(result["filename"]), result["line_number"]),
        context="" if rule in _QUOTES_SECRETS else context_of(_flagged(result)),
    )


def _flagged(result: dict[str, Any]) -> list[str]:
    """The lines that a finding is about; `code` shows their neighbours too, all numbered."""
    wanted = {str(number) for number in result.get("line_range") or [result["line_number"]]}
    shown = (line.partition(" ") for line in str(result.get("code") or "").splitlines())
    return [text for number, _, text in shown if number in wanted]
