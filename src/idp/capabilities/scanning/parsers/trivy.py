"""Trivy, `trivy image|fs|config --format json`, schema version 2.

https://trivy.dev/latest/docs/configuration/reporting/#json
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from idp.capabilities.scanning.parsers.ports import Document, by_word, line, place, report
from idp.capabilities.scanning.reports import Finding, ScannerReport


class Trivy:
    """Reads vulnerabilities, misconfigurations and secrets."""

    name = "trivy"

    def recognises(self, document: Document) -> bool:
        """A report of an artifact."""
        return isinstance(document, dict) and {"SchemaVersion", "ArtifactName"} <= set(document)

    def parse(self, document: Document) -> ScannerReport:
        """Read the results of all targets."""
        version = document["SchemaVersion"]
        if version != 2:
            raise ValueError(f"schema version {version} is not 2")
        results = document.get("Results") or []
        found = [finding for result in results for finding in _of_target(result)]
        gaps = [] if results else ["it found nothing that it can look at"]
        return report(self.name, (document.get("Trivy") or {}).get("Version"), found, gaps)


def _of_target(result: dict[str, Any]) -> Iterator[Finding]:
    target = str(result["Target"])
    for vulnerability in result.get("Vulnerabilities") or []:
        yield Finding(
            id=str(vulnerability["VulnerabilityID"]),
            aliases=[str(name) for name in vulnerability.get("VendorIDs") or []],
            package=str(vulnerability["PkgName"]),
            version=str(vulnerability["InstalledVersion"]),
            severity=_score(vulnerability),
            summary=line(vulnerability.get("Title") or vulnerability.get("Description")),
        )
    for wrong in result.get("Misconfigurations") or []:
        if wrong.get("Status", "FAIL") == "FAIL":
            start = (wrong.get("CauseMetadata") or {}).get("StartLine")
            yield Finding(
                id=str(wrong["ID"]),
                severity=by_word(wrong["Severity"]),
                summary=line(wrong["Title"]),
                location=place(target, start),
            )
    for secret in result.get("Secrets") or []:
        yield Finding(
            id=str(secret["RuleID"]),
            severity=by_word(secret["Severity"]),
            summary=line(secret["Title"]),
            location=place(target, secret.get("StartLine")),
        )


def _score(vulnerability: dict[str, Any]) -> float | None:
    """The newest CVSS version of the source whose severity Trivy shows, or of the worst one."""
    by_source = vulnerability.get("CVSS") or {}
    preferred = by_source.get(vulnerability.get("SeveritySource"))
    for candidates in ([preferred] if preferred else [], list(by_source.values())):
        for field in ("V40Score", "V3Score", "V2Score"):
            scores = [float(c[field]) for c in candidates if c.get(field)]
            if scores:
                return max(scores)
    return None
