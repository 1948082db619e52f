"""May a release pass, as far as its evidence goes? Pure.

The rules, in the order in which they are applied; each that fires is reported with its number:

1. Evidence of every demanded kind (signatures, provenance, bill of materials, scan) is there,
   otherwise: deny.
2. At least one scanner reported, otherwise: deny. No report is not a clean report.
3. A scanner that failed, skipped or lacked data is *incomplete*, and so is one whose status is not
   known. What that means is `evidence.incomplete`: record an obligation, demand that an approver
   accepts the gap by the scanner's name, or deny.
4. A finding with a score of `evidence.blockSeverity` or more: deny.
5. Findings without a score: `evidence.unscored` decides as in rule 3. A scanner's unscored
   findings are one gap, named `<scanner>-unscored`.
6. Findings below the threshold are noted; they never stop a release.

A scanner is judged by its newest report: the one made in this environment replaces the one that
was attested at build time, scanner by scanner. All rules are applied, so that the answer lists
everything that would have to change. The decision is the strictest effect of any rule:
deny > accept > record > (nothing) allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from idp.capabilities.environments.kinds import EvidenceRule
from idp.kernel.manifest import digest

Effect = Literal["note", "record", "accept", "deny"]
Decision = Literal["Allow", "AllowWithObligations", "NeedsAcceptance", "Deny"]

DEMANDED = ("release-signature", "image-signature", "provenance", "sbom", "scan")
"""Kinds of evidence that `admit` finds. Further ones, such as `verified`, are recorded only."""

FINDINGS_LIMIT = 200
_COMPLETE = ("clean", "findings")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """A checked piece of evidence.

    Attributes:
        kind: One of `DEMANDED`, or `verified`.
        digest: Digest of the artifact that carries it.
        signer: Environment whose pinned key signed it.
    """

    kind: str
    digest: str
    signer: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a scanner found. `severity` is a CVSS base score; None when there is none."""

    id: str
    severity: float | None = None
    package: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class ScannerReport:
    """What one scanner said.

    Attributes:
        name: Such as `dependencies`.
        status: `clean`, `findings` or `incomplete`; anything else counts as incomplete.
        reason: Why it is incomplete.
        findings: All of them.
    """

    name: str
    status: str
    reason: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that applied.

    Attributes:
        rule: Its number in the module's docstring.
        effect: What it does to the release.
        subject: What it is about; for `accept` the name that an approver must accept.
        message: What was found.
        change: What would make the rule not fire.
    """

    rule: int
    effect: Effect
    subject: str
    message: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    Attributes:
        decision: The strictest effect of any rule.
        rules: Every rule that fired, strictest first.
        evidence_digest: Digest over everything that was judged, rules included.
    """

    decision: Decision
    rules: tuple[FiredRule, ...]
    evidence_digest: str

    def subjects(self, effect: Effect) -> list[str]:
        """What rules with this effect are about, each once, in order."""
        return list(dict.fromkeys(r.subject for r in self.rules if r.effect == effect))

    @property
    def message(self) -> str:
        """One sentence, the strictest rules first."""
        telling = [r for r in self.rules if r.effect != "note"] or list(self.rules)
        shown = "; ".join(r.message for r in telling[:_SHOWN])
        more = f"; and {len(telling) - _SHOWN} more" if telling[_SHOWN:] else ""
        return {
            "Allow": "the evidence is complete and nothing blocks",
            "AllowWithObligations": "allowed with obligations",
            "NeedsAcceptance": "an approver must accept what is missing",
            "Deny": "denied",
        }[self.decision] + (f": {shown}{more}" if shown else "")

    @property
    def change(self) -> str:
        """What would change a denial; empty for other decisions."""
        return " ".join(
            dict.fromkeys(r.change for r in self.rules if r.effect == "deny" and r.change)
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is judged.

    Attributes:
        release_digest: The release in question.
        items: What `admit` checked.
        attested: Reports of the scan that was attested when it was built.
        scanned: Reports of the scan that was made for this promotion.
    """

    release_digest: str
    items: Sequence[EvidenceItem] = ()
    attested: Sequence[ScannerReport] = ()
    scanned: Sequence[ScannerReport] = ()


def verdict(evidence: Evidence, rules: EvidenceRule) -> Verdict:
    """Apply the rules."""
    reports = _newest(evidence)
    fired = [*_missing_evidence(evidence), *_no_report(reports)]
    for report in reports:
        fired += _incomplete(report, rules)
        fired += _findings(report, rules)
    order: dict[Effect, int] = {"deny": 0, "accept": 1, "record": 2, "note": 3}
    fired.sort(key=lambda r: (order[r.effect], r.rule, r.subject))
    effects = {r.effect for r in fired}
    decision: Decision = "Allow"
    if "deny" in effects:
        decision = "Deny"
    elif "accept" in effects:
        decision = "NeedsAcceptance"
    elif "record" in effects:
        decision = "AllowWithObligations"
    judged = {
        "release": evidence.release_digest,
        "items": [asdict(item) for item in evidence.items],
        "reports": [asdict(report) for report in reports],
        "rules": rules.model_dump(mode="json"),
    }
    return Verdict(decision, tuple(fired), digest(judged))


def read_reports(scanners: object) -> list[ScannerReport]:
    """Read the `scanners` of a scan predicate; what is malformed counts as incomplete."""
    if not isinstance(scanners, list):
        return []
    return [_read_report(s) for s in scanners if isinstance(s, Mapping)]


def shortened(reports: Sequence[ScannerReport]) -> list[dict[str, Any]]:
    """Reports as `read_reports` takes them, small enough for a step's outputs.

    The worst findings are kept, those without a score first; a report with more than
    `FINDINGS_LIMIT` becomes incomplete, so that what was left out cannot be taken for nothing.
    """
    bodies = [asdict(_shortened(report)) for report in reports]
    return [{**body, "findings": list(body["findings"])} for body in bodies]


def _shortened(report: ScannerReport) -> ScannerReport:
    count = len(report.findings)
    worst = sorted(report.findings, key=lambda f: -(11.0 if f.severity is None else f.severity))
    findings = tuple(replace(f, summary=f.summary[:200]) for f in worst[:FINDINGS_LIMIT])
    if count <= FINDINGS_LIMIT:
        return replace(report, findings=findings)
    reason = f"{count} findings, of which only the worst {FINDINGS_LIMIT} are listed"
    told = "; ".join(filter(None, (report.reason, reason)))
    return replace(report, status="incomplete", reason=told, findings=findings)


def _read_report(body: Mapping[str, Any]) -> ScannerReport:
    name = str(body.get("name") or "unnamed")
    findings = body.get("findings") or []
    if not isinstance(findings, list) or not all(isinstance(f, Mapping) for f in findings):
        return ScannerReport(name, "incomplete", "its findings cannot be read")
    return ScannerReport(
        name,
        str(body.get("status") or "unknown"),
        str(body.get("reason") or ""),
        tuple(_read_finding(f) for f in findings),
    )


def _read_finding(body: Mapping[str, Any]) -> Finding:
    severity = body.get("severity")
    scored = isinstance(severity, int | float) and not isinstance(severity, bool)
    return Finding(
        id=str(body.get("id") or "unnamed"),
        severity=float(severity) if scored and severity is not None else None,
        package=str(body.get("package") or ""),
        summary=str(body.get("summary") or ""),
    )


def _newest(evidence: Evidence) -> list[ScannerReport]:
    by_name: dict[str, list[ScannerReport]] = {}
    for source in (evidence.attested, evidence.scanned):
        fresh: dict[str, list[ScannerReport]] = {}
        for report in source:
            fresh.setdefault(report.name, []).append(report)
        by_name |= fresh
    return [report for name in sorted(by_name) for report in by_name[name]]


def _missing_evidence(evidence: Evidence) -> list[FiredRule]:
    present = {item.kind for item in evidence.items}
    return [
        FiredRule(
            1,
            "deny",
            kind,
            f"there is no valid {kind}",
            "Build the commit again through the push pipeline.",
        )
        for kind in DEMANDED
        if kind not in present
    ]


def _no_report(reports: Sequence[ScannerReport]) -> list[FiredRule]:
    if reports:
        return []
    return [
        FiredRule(
            2, "deny", "scanners", "no scanner reported", "Make the scan step run its scanners."
        )
    ]


def _incomplete(report: ScannerReport, rules: EvidenceRule) -> list[FiredRule]:
    if report.status in _COMPLETE:
        return []
    reason = report.reason or f"its status is {report.status}"
    message = f"scanner {report.name} is incomplete: {reason}"
    change = f"Make scanner {report.name} complete, then start the promotion again."
    return [FiredRule(3, rules.incomplete, report.name, message, change)]


def _findings(report: ScannerReport, rules: EvidenceRule) -> list[FiredRule]:
    unscored = [f for f in report.findings if f.severity is None]
    scored = [f for f in report.findings if f.severity is not None]
    blocking = [f for f in scored if (f.severity or 0.0) >= rules.block_severity]
    lower = len(scored) - len(blocking)
    fired = [
        FiredRule(
            4,
            "deny",
            finding.id,
            f"{report.name} found {_describe(finding)}: {rules.block_severity:g} or more blocks",
            f"Fix {finding.id}{f' in {finding.package}' if finding.package else ''} and push.",
        )
        for finding in blocking
    ]
    if unscored:
        names = ", ".join(f.id for f in unscored[:_SHOWN])
        more = f" and {len(unscored) - _SHOWN} more" if unscored[_SHOWN:] else ""
        message = f"{report.name} found {len(unscored)} without a score: {names}{more}"
        change = f"Fix or score the findings of {report.name}."
        fired.append(FiredRule(5, rules.unscored, f"{report.name}-unscored", message, change))
    if lower:
        fired.append(
            FiredRule(6, "note", report.name, f"{report.name} found {lower} that may pass")
        )
    return fired


def _describe(finding: Finding) -> str:
    package = f" in {finding.package}" if finding.package else ""
    return f"{finding.id}{package} with severity {finding.severity:g}"
