"""SonarQube, the answer of `GET /api/issues/search`.

https://next.sonarqube.com/sonarqube/web_api/api/issues/search
"""

from __future__ import annotations

from idp.capabilities.scanning.parsers.ports import Document, by_word, line, place, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_WORDS = {
    "blocker": "critical",
    "critical": "high",
    "major": "medium",
    "minor": "low",
    "info": "none",
}
_OPEN = ("OPEN", "CONFIRMED", "REOPENED")


class SonarQube:
    """Reads open vulnerabilities; bugs and smells are no matter of security."""

    name = "sonarqube"

    def recognises(self, document: Document) -> bool:
        """Issues in pages."""
        return isinstance(document, dict) and {"issues", "paging"} <= set(document)

    def parse(self, document: Document) -> ScannerReport:
        """Read one page; when it is not all, the report is incomplete."""
        issues = document["issues"]
        found = [
            Finding(
                id=str(issue["rule"]),
                severity=by_word(issue["severity"], _WORDS),
                summary=line(issue["message"]),
                location=place(str(issue["component"]).partition(":")[2], issue.get("line")),
                context=str(issue.get("hash") or ""),
            )
            for issue in issues
            if issue["type"] == "VULNERABILITY" and issue["status"] in _OPEN
        ]
        total = int(document["paging"]["total"])
        gaps = [f"{len(issues)} of {total} issues are in it"] if total > len(issues) else []
        return report(self.name, "", found, gaps)
