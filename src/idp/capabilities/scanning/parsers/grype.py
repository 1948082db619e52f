"""Grype, `grype IMAGE -o json`.

https://github.com/anchore/grype#output-formats; the model is `grype/presenter/models`.
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.scanning.parsers.ports import Document, line, report
from idp.capabilities.scanning.reports import Finding, ScannerReport


class Grype:
    """Reads matches."""

    name = "grype"

    def recognises(self, document: Document) -> bool:
        """Matches, described by Grype."""
        descriptor = document.get("descriptor") if isinstance(document, dict) else None
        return isinstance(descriptor, dict) and descriptor.get("name") == self.name

    def parse(self, document: Document) -> ScannerReport:
        """Read all matches."""
        found = [_finding(match) for match in document["matches"]]
        return report(self.name, document["descriptor"].get("version"), found)


def _finding(match: dict[str, Any]) -> Finding:
    vulnerability, artifact = match["vulnerability"], match["artifact"]
    related = match.get("relatedVulnerabilities") or []
    return Finding(
        id=str(vulnerability["id"]),
        aliases=[str(other["id"]) for other in related if other["id"] != vulnerability["id"]],
        package=str(artifact["name"]),
        version=str(artifact["version"]),
        severity=_score([vulnerability, *related]),
        summary=line(vulnerability.get("description") or (related or [{}])[0].get("description")),
    )


def _score(named: list[dict[str, Any]]) -> float | None:
    """The first name that is scored counts, by its newest CVSS version."""
    for one in named:
        scores = one.get("cvss") or []
        if scores:
            newest = max(str(score["version"]) for score in scores)
            return max(
                float(score["metrics"]["baseScore"])
                for score in scores
                if str(score["version"]) == newest
            )
    return None
