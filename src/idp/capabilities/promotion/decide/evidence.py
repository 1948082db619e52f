"""What a verdict stands on, read with suspicion: checked evidence, and reports of scanners. Pure.

A report that cannot be read, has another status than the known ones, or lost findings on the way
is incomplete: nothing malformed can pass for clean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from idp.kernel.clock import timestamp

FINDINGS_LIMIT = 200
COMPLETE = ("clean", "findings")


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """A checked piece of evidence.

    Attributes:
        kind: Such as `provenance`, or `verified`.
        digest: Digest of the artifact that carries it.
        signer: Environment whose pinned key signed it.
    """

    kind: str
    digest: str
    signer: str


def verifies(predicate: Mapping[str, Any], signer: str, release_digest: str) -> bool:
    """Whether a `VERIFIED` statement says of this very release that its signer verified it."""
    said = (predicate.get("environment"), predicate.get("releaseDigest"))
    return said == (signer, release_digest)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a scanner found.

    Attributes:
        id: Of the rule or the advisory.
        severity: CVSS base score; None when there is none.
        package: Distribution that is affected; empty for the application's own files.
        version: Of that distribution.
        summary: One line.
        aliases: Other names of the same advisory.
    """

    id: str
    severity: float | None = None
    package: str = ""
    version: str = ""
    summary: str = ""
    aliases: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As JSON values; `asdict` would copy each value, of thousands."""
        return {
            "id": self.id,
            "severity": self.severity,
            "package": self.package,
            "version": self.version,
            "summary": self.summary,
            "aliases": list(self.aliases),
        }


@dataclass(frozen=True, slots=True)
class ScannerReport:
    """What one scanner said.

    Attributes:
        name: Such as `dependencies`.
        status: `clean`, `findings` or `incomplete`; anything else counts as incomplete.
        reason: Why it is incomplete.
        findings: All of them.
        made: When the scanner looked; None when nobody knows.
        advisories: When the newest advisory that it compared with was changed; None for a scanner
            that compares with none.
    """

    name: str
    status: str
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    made: datetime | None = None
    advisories: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """As JSON values; a time that is not known is empty."""
        return {
            "name": self.name,
            "status": self.status,
            "reason": self.reason,
            "findings": [finding.as_json() for finding in self.findings],
            "made": timestamp(self.made) if self.made is not None else "",
            "advisories": timestamp(self.advisories) if self.advisories is not None else "",
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is judged of a release.

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

    def newest(self) -> list[ScannerReport]:
        """Each scanner by its newest report, by name: what was made here replaces the attested."""
        by_name: dict[str, list[ScannerReport]] = {}
        for source in (self.attested, self.scanned):
            fresh: dict[str, list[ScannerReport]] = {}
            for report in source:
                fresh.setdefault(report.name, []).append(report)
            by_name |= fresh
        return [report for name in sorted(by_name) for report in by_name[name]]


def read_reports(scanners: object, made: str = "") -> list[ScannerReport]:
    """Read the `scanners` of a scan; what is malformed counts as incomplete.

    Args:
        scanners: A list of reports as JSON values.
        made: When they were made, for those that do not say it themselves.
    """
    if not isinstance(scanners, list):
        return []
    return [_read_report(s, made) for s in scanners if isinstance(s, Mapping)]


def shortened(reports: Sequence[ScannerReport]) -> list[dict[str, Any]]:
    """Reports as `read_reports` takes them, small enough for a step's outputs.

    The worst findings are kept, those without a score first; a report with more than
    `FINDINGS_LIMIT` becomes incomplete, so that what was left out cannot be taken for nothing.
    """
    return [_body(_shortened(report)) for report in reports]


def _body(report: ScannerReport) -> dict[str, Any]:
    body = report.as_json()
    updated = body.pop("advisories")
    return {**body, "database": {"updated": updated} if updated else None}


def _shortened(report: ScannerReport) -> ScannerReport:
    count = len(report.findings)
    worst = sorted(report.findings, key=lambda f: -(11.0 if f.severity is None else f.severity))
    findings = tuple(replace(f, summary=f.summary[:200]) for f in worst[:FINDINGS_LIMIT])
    if count <= FINDINGS_LIMIT:
        return replace(report, findings=findings)
    reason = f"{count} findings, of which only the worst {FINDINGS_LIMIT} are listed"
    told = "; ".join(filter(None, (report.reason, reason)))
    return replace(report, status="incomplete", reason=told, findings=findings)


def _read_report(body: Mapping[str, Any], made: str) -> ScannerReport:
    name = str(body.get("name") or "unnamed")
    findings = body.get("findings") or []
    if not isinstance(findings, list) or not all(isinstance(f, Mapping) for f in findings):
        return ScannerReport(name, "incomplete", "its findings cannot be read")
    report = ScannerReport(
        name,
        str(body.get("status") or "unknown"),
        str(body.get("reason") or ""),
        tuple(_read_finding(f) for f in findings),
        _moment(body.get("made") or made),
    )
    database = body.get("database")
    if database is None:
        return report
    advisories = _moment(database.get("updated")) if isinstance(database, Mapping) else None
    if advisories is None:
        return replace(report, status="incomplete", reason="the age of its advisories is not known")
    return replace(report, advisories=advisories)


def _moment(text: object) -> datetime | None:
    """A time with its zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.year < 9000 else None


def _read_finding(body: Mapping[str, Any]) -> Finding:
    severity, aliases = body.get("severity"), body.get("aliases")
    scored = isinstance(severity, int | float) and not isinstance(severity, bool)
    return Finding(
        id=str(body.get("id") or "unnamed"),
        severity=float(severity) if scored and severity is not None else None,
        package=str(body.get("package") or ""),
        version=str(body.get("version") or ""),
        summary=str(body.get("summary") or ""),
        aliases=tuple(str(a) for a in aliases) if isinstance(aliases, list) else (),
    )
