"""May a release pass, as far as its evidence goes? Pure.

The rules; each that fires is reported with its number:

1. Evidence of every kind in `profile.evidence` is there, otherwise: deny.
2. At least one scanner reported, otherwise: deny. No report is not a clean report.
3. A scanner that failed, skipped or lacked data is *incomplete*; so is one whose status is not
   known, and one that the profile demands and that did not report. `profile.incomplete` says what
   that does.
4. A complete report that is older than `freshness.scansDays`, or was compared with advisories
   older than `freshness.advisoriesDays`, is *stale*: as incomplete. A report of unknown age is.
5. A finding with a score does what `profile.severity` says of its band (CVSS 3.1, section 5).
6. A finding without a score does what `profile.severity.unscored` says.
7. A finding that an approved, unexpired exception covers does nothing; the exception is recorded.
8. An exception that would cover a finding but does not count is recorded with the reason.
9. A scanner that the profile turns off is not judged; what it found is recorded.

All rules are applied, so that the answer lists everything that would have to change. Denials name
each finding; milder effects name a scanner's findings of one band together, as `<scanner>-<band>`.
A scanner is judged by its newest report: the one made in this environment replaces the one that
was attested at build time, scanner by scanner.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from idp.capabilities.promotion.decide.evidence import COMPLETE, Finding, ScannerReport
from idp.capabilities.promotion.decide.exceptions import Exemption, split
from idp.capabilities.promotion.decide.verdict import Case, FiredRule, Verdict, conclude, lifetimes
from idp.capabilities.scanning.kinds import Action, Band, SecurityProfileSpec, band
from idp.kernel.clock import timestamp

_SHOWN = 5


def verdict(case: Case) -> Verdict:
    """Apply the rules."""
    reports = case.evidence.newest()
    fired = [*_missing_evidence(case), *_no_report(reports), *_not_reported(case, reports)]
    for report in reports:
        if case.profile.tools.get(report.name) == "off":
            fired += _turned_off(report)
            continue
        fired += _incomplete(case.profile, report)
        fired += _stale(case, report)
        fired += _findings(case, report)
    return conclude(case, fired)


def _missing_evidence(case: Case) -> list[FiredRule]:
    present = {item.kind for item in case.evidence.items}
    change = "Build the commit again through the push pipeline."
    return [
        FiredRule(1, "deny", kind, f"there is no valid {kind}", change)
        for kind in case.profile.evidence
        if kind not in present
    ]


def _no_report(reports: Sequence[ScannerReport]) -> list[FiredRule]:
    if reports:
        return []
    change = "Make the scan step run its scanners."
    return [FiredRule(2, "deny", "scanners", "no scanner reported", change)]


def _not_reported(case: Case, reports: Sequence[ScannerReport]) -> list[FiredRule]:
    present = {report.name for report in reports}
    missing = [n for n, mode in case.profile.tools.items() if mode != "off" and n not in present]
    return [
        rule
        for name in sorted(missing)
        for rule in _incomplete(
            case.profile, ScannerReport(name, "incomplete", "it did not report")
        )
    ]


def _turned_off(report: ScannerReport) -> list[FiredRule]:
    if not report.findings:
        return []
    message = f"{report.name} is off here: its {len(report.findings)} findings are not judged"
    return [FiredRule(9, "record", report.name, message)]


def _incomplete(profile: SecurityProfileSpec, report: ScannerReport) -> list[FiredRule]:
    if report.status in COMPLETE:
        return []
    reason = report.reason or f"its status is {report.status}"
    message = f"scanner {report.name} is incomplete: {reason}"
    change = f"Make scanner {report.name} complete, then start the promotion again."
    return [FiredRule(3, profile.incomplete, report.name, message, change)]


def _stale(case: Case, report: ScannerReport) -> list[FiredRule]:
    if report.status not in COMPLETE:
        return []
    old = [what for what, end in lifetimes(case.profile, report) if end is None or end <= case.now]
    if not old:
        return []
    message = f"what {report.name} says is too old, or of unknown age: {', '.join(old)}"
    change = f"Renew the {' and the '.join(old)} of {report.name}, then start the promotion again."
    return [FiredRule(4, case.profile.incomplete, f"{report.name}-stale", message, change)]


def _findings(case: Case, report: ScannerReport) -> list[FiredRule]:
    counting, void = split(case.exemptions, case.now)
    by_band: dict[Band, list[Finding]] = {}
    fired: list[FiredRule] = []
    for finding in report.findings:
        used = [e for e in counting if e.covers(case.application, report.name, finding)]
        if used:
            fired.append(_excepted(report, finding, used[0]))
            continue
        by_band.setdefault(band(finding.severity), []).append(finding)
        fired += [
            _not_excepted(finding, exemption, case.now)
            for exemption in void
            if exemption.covers(case.application, report.name, finding)
        ]
    for name, findings in by_band.items():
        fired += _of_band(case, report, name, findings)
    return fired


def _excepted(report: ScannerReport, finding: Finding, used: Exemption) -> FiredRule:
    until = timestamp(used.spec.expires)
    message = (
        f"{report.name} found {_describe(finding)}, which {used.spec.approver} excepted "
        f"until {until} ({used.name})"
    )
    return FiredRule(7, "record", finding.id, message)


def _not_excepted(finding: Finding, void: Exemption, now: datetime) -> FiredRule:
    message = f"exception {void.name} of {finding.id} does not count: {void.void(now)}"
    return FiredRule(8, "record", void.name, message)


def _of_band(
    case: Case, report: ScannerReport, name: Band, findings: Sequence[Finding]
) -> list[FiredRule]:
    effect: Action = getattr(case.profile.severity, name)
    rule = 6 if name == "unscored" else 5
    if effect == "deny":
        return [
            FiredRule(
                rule,
                effect,
                finding.id,
                f"{report.name} found {_describe(finding)}: {name} blocks",
                f"Fix {finding.id}{_in(finding)} and push, or have an exception approved.",
            )
            for finding in findings
        ]
    named = ", ".join(f.id for f in findings[:_SHOWN])
    more = f" and {len(findings) - _SHOWN} more" if findings[_SHOWN:] else ""
    message = f"{report.name} found {len(findings)} {name}: {named}{more}"
    due = ""
    if effect == "track":
        days: int = getattr(case.profile.due_days, name)
        due = timestamp(case.now + timedelta(days=days))
        message += f", due within {days} days"
    change = "" if effect == "record" else f"Fix what {report.name} found and push."
    return [FiredRule(rule, effect, f"{report.name}-{name}", message, change, due)]


def _in(finding: Finding) -> str:
    return f" in {finding.package}" if finding.package else ""


def _describe(finding: Finding) -> str:
    score = "without a score" if finding.severity is None else f"with severity {finding.severity:g}"
    return f"{finding.id}{_in(finding)} {score}"
