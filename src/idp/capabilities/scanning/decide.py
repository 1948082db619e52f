"""From reports to what a gate needs to know. Pure.

Rules:
1. Every scanner that is expected has exactly one report; a missing one is incomplete.
2. A fresh report replaces the older one of the same scanner.
3. Findings come worst first: without a score, then by descending score, then by name. So whoever
   reads only the first ones errs on the safe side.
4. More findings than `MAX_LISTED` are themselves a gap in the evidence, named `findings`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from idp.capabilities.scanning.reports import Finding, ScannerReport, incomplete

MAX_LISTED = 500

# CVSS 3.1, section 5: the lowest score of each rating, worst first.
RATINGS = (("critical", 9.0), ("high", 7.0), ("medium", 4.0), ("low", 0.1), ("none", 0.0))


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not looked at.

    Attributes:
        name: By which an approver accepts it: a scanner's name, or `findings`.
        reason: Why.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """All reports of one scan at a glance.

    Attributes:
        findings: (Name of the scanner, finding), worst first, at most `MAX_LISTED`.
        counts: Rating (`critical` ... `none`, `unscored`) -> number of findings.
        incomplete: The gaps, by name.
    """

    findings: list[tuple[str, Finding]]
    counts: dict[str, int]
    incomplete: list[Gap]

    def as_outputs(self) -> dict[str, Any]:
        """The summary as JSON values."""
        return {
            "findings": [
                {"scanner": scanner, **finding.model_dump()} for scanner, finding in self.findings
            ],
            "counts": self.counts,
            "incomplete": [{"name": gap.name, "reason": gap.reason} for gap in self.incomplete],
        }


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


def summarise(reports: Sequence[ScannerReport]) -> Summary:
    """Sort and count (rules 3 and 4)."""
    found = [(report.name, finding) for report in reports for finding in report.findings]
    found.sort(key=_worst_first)
    counts = Counter(rating(finding.severity) for _, finding in found)
    gaps = [Gap(report.name, report.reason) for report in reports if report.status == "incomplete"]
    if len(found) > MAX_LISTED:
        reason = f"there are {len(found)} findings and only the worst {MAX_LISTED} are listed"
        gaps.append(Gap("findings", reason))
    words = [*(word for word, _ in RATINGS), "unscored"]
    return Summary(found[:MAX_LISTED], {word: counts[word] for word in words}, gaps)


def _worst_first(found: tuple[str, Finding]) -> tuple[bool, float, str, str, str, str]:
    scanner, finding = found
    severity = finding.severity
    return (
        severity is not None,
        -(severity or 0.0),
        scanner,
        finding.id,
        finding.package,
        finding.location,
    )
