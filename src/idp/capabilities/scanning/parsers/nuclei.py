"""Nuclei, `nuclei -json-export FILE`.

https://docs.projectdiscovery.io/opensource/nuclei/running#json-export
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.scanning.parsers.ports import Document, by_word, line, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_WORDS = {"info": "none", "unknown": "none"}


class Nuclei:
    """Reads matches of templates."""

    name = "nuclei"

    def recognises(self, document: Document) -> bool:
        """A list of matches."""
        return (
            isinstance(document, list)
            and bool(document)
            and all(isinstance(match, dict) and "template-id" in match for match in document)
        )

    def parse(self, document: Document) -> ScannerReport:
        """Read all matches."""
        matches = [match for match in document if match.get("matcher-status", True)]
        return report(self.name, "", [_finding(match) for match in matches])


def _finding(match: dict[str, Any]) -> Finding:
    info = match["info"]
    classification = info.get("classification") or {}
    score = classification.get("cvss-score")
    return Finding(
        id=str(match["template-id"]),
        aliases=[str(name).upper() for name in classification.get("cve-id") or []],
        severity=float(score) if score else by_word(info["severity"], _WORDS),
        summary=line(info["name"]),
        location=str(match.get("matched-at") or match["host"]),
    )
