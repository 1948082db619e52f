"""OWASP Dependency-Check, the JSON report.

https://jeremylong.github.io/DependencyCheck/; the template is `core/src/main/resources/templates/
jsonReport.vsl`.
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.scanning.parsers.ports import Document, line, report
from idp.capabilities.scanning.reports import Finding, ScannerReport


class DependencyCheck:
    """Reads vulnerabilities; those that a suppression file suppresses are left out by the tool."""

    name = "dependency-check"

    def recognises(self, document: Document) -> bool:
        """Dependencies with the engine's version."""
        return isinstance(document, dict) and {"reportSchema", "dependencies"} <= set(document)

    def parse(self, document: Document) -> ScannerReport:
        """Read the vulnerabilities of all dependencies."""
        scan = document["scanInfo"]
        found = [
            _finding(dependency, vulnerability)
            for dependency in document["dependencies"]
            for vulnerability in dependency.get("vulnerabilities") or []
        ]
        gaps = [
            line((error.get("exception") or {}).get("message") or error)
            for error in scan.get("analysisExceptions") or []
        ]
        return report(self.name, scan.get("engineVersion"), found, gaps)


def _finding(dependency: dict[str, Any], vulnerability: dict[str, Any]) -> Finding:
    package, version = _package(dependency)
    return Finding(
        id=str(vulnerability["name"]),
        package=package,
        version=version,
        severity=_score(vulnerability),
        summary=line(vulnerability.get("description")),
    )


def _package(dependency: dict[str, Any]) -> tuple[str, str]:
    """Name and version from the package URL; the file's name when there is none."""
    for package in dependency.get("packages") or []:
        name, _, version = str(package["id"]).partition("?")[0].rpartition("@")
        return name.partition(":")[2].partition("/")[2] or name, version
    return str(dependency["fileName"]), ""


def _score(vulnerability: dict[str, Any]) -> float | None:
    for version, field in (("cvssv4", "baseScore"), ("cvssv3", "baseScore"), ("cvssv2", "score")):
        score = (vulnerability.get(version) or {}).get(field)
        if score is not None:
            return float(score)
    return None
