"""From reports to what a gate needs to know. Pure.

Rules:
1. Every scanner that is expected has exactly one report; a missing one is incomplete.
2. A fresh report replaces the older one of the same scanner.
3. Findings come worst first: without a score, then by descending score, then by name. So whoever
   reads only the first ones errs on the safe side.
4. A report is passed on with at most `MAX_FINDINGS`; what is cut off makes it incomplete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from idp.capabilities.scanning.reports import Finding, ScannerReport, incomplete

MAX_FINDINGS = 300
_WORST_SHOWN = 20

# CVSS 3.1, section 5: the lowest score of each rating, worst first.
RATINGS = (("critical", 9.0), ("high", 7.0), ("medium", 4.0), ("low", 0.1), ("none", 0.0))


def rating(severity: float | None) -> str:
    """The word for a score; `unscored` for None."""
    if severity is None:
        return "unscored"
    return next(word for word, lowest in RATINGS if severity >= lowest)


def lowest_score(word: str) -> float | None:
    """The lowest score of a rating; None for a word that CVSS does not have."""
    return dict(RATINGS).get(word.lower())


def combine(
    expected: Sequence[str],
    attested: Iterable[ScannerReport],
    fresh: Iterable[ScannerReport],
    missing_reason: str,
) -> list[ScannerReport]:
    """One report for each scanner (rules 1 and 2), ordered by name.

    Args:
        expected: Scanners that must have a say.
        attested: Reports made earlier.
        fresh: Reports made now.
        missing_reason: Why an expected report may be missing.
    """
    reports = {name: incomplete(name, missing_reason) for name in expected}
    reports |= {report.name: report for report in attested}
    reports |= {report.name: report for report in fresh}
    return [reports[name] for name in sorted(reports)]


def shorten(report: ScannerReport) -> ScannerReport:
    """A report that fits into a step's outputs (rules 3 and 4)."""
    findings = sorted(report.findings, key=_worst_first)
    changes: dict[str, Any] = {"findings": findings[:MAX_FINDINGS]}
    if len(findings) > MAX_FINDINGS:
        reason = f"{len(findings)} findings, of which only the worst {MAX_FINDINGS} are listed"
        changes["status"] = "incomplete"
        changes["reason"] = "; ".join(filter(None, (report.reason, reason)))
    return report.model_copy(update=changes)


def summarise(reports: Sequence[ScannerReport]) -> dict[str, Any]:
    """All reports of a scan as outputs of a step.

    Returns:
        `scanners`: the reports; `counts`: rating -> number of findings; `findings`: the worst ones
        with the scanner's name, for people; `incomplete`: name and reason of each gap; `database`:
        what was known, None when nothing.
    """
    short = [shorten(report) for report in reports]
    found = [(finding, report.name) for report in reports for finding in report.findings]
    found.sort(key=lambda pair: (_worst_first(pair[0]), pair[1]))
    counts = Counter(rating(finding.severity) for finding, _ in found)
    databases = [report.database for report in reports if report.database is not None]
    return {
        "scanners": [report.model_dump() for report in short],
        "counts": {word: counts[word] for word in (*dict(RATINGS), "unscored")},
        "findings": [
            {"scanner": scanner, **finding.model_dump()}
            for finding, scanner in found[:_WORST_SHOWN]
        ],
        "incomplete": [
            {"name": report.name, "reason": report.reason}
            for report in short
            if report.status == "incomplete"
        ],
        "database": databases[0].model_dump() if databases else None,
    }


def _worst_first(finding: Finding) -> tuple[bool, float, str, str, str]:
    severity = finding.severity
    return (
        severity is not None,
        -(severity or 0.0),
        finding.id,
        finding.package,
        finding.location,
    )
