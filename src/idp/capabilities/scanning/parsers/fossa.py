"""FOSSA, `fossa test --format json`: issues of licences and vulnerabilities.

https://github.com/fossas/fossa-cli (docs/references/subcommands/test.md)
"""

from __future__ import annotations

from collections.abc import Iterator

from idp.capabilities.scanning.parsers.ports import Document, by_word, line, report
from idp.capabilities.scanning.reports import Finding, ScannerReport


class Fossa:
    """Reads issues. A vulnerability has no score there; a denied licence counts as high."""

    name = "fossa"

    def recognises(self, document: Document) -> bool:
        """Issues of a project, counted."""
        return isinstance(document, dict) and {"issues", "count", "status"} <= set(document)

    def parse(self, document: Document) -> ScannerReport:
        """Read each issue; while FOSSA still scans, the report is incomplete."""
        status = str(document["status"]).upper()
        gaps = [] if status == "SCANNED" else [f"FOSSA's status is {status}"]
        return report(self.name, "", _findings(document), gaps)


def _findings(document: Document) -> Iterator[Finding]:
    for issue in document["issues"] or []:
        kind = str(issue["type"])
        name, _, version = str(issue["revisionId"]).rpartition("$")
        about_licence = kind.startswith("policy_") or kind == "unlicensed_dependency"
        word = "high" if kind == "policy_conflict" else "medium"
        rule = issue.get("rule") or {}
        yield Finding(
            id=str(rule.get("licenseId") or issue["issueId"]),
            package=name.rpartition("+")[2],
            version=version,
            severity=by_word(word) if about_licence else None,
            summary=line(f"{kind.replace('_', ' ')} {rule.get('licenseId', '')}"),
        )
