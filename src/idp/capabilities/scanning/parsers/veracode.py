"""Veracode, the pipeline scan's `results.json`.

https://docs.veracode.com/r/r_pipeline_scan_commands
"""

from __future__ import annotations

from idp.capabilities.scanning.parsers.ports import Document, by_word, line, place, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_LEVELS = {5: "critical", 4: "high", 3: "medium", 2: "low", 1: "low", 0: "none"}


class Veracode:
    """Reads flaws of code by their CWE."""

    name = "veracode"

    def recognises(self, document: Document) -> bool:
        """Findings of a pipeline scan."""
        return isinstance(document, dict) and {"pipeline_scan", "findings"} <= set(document)

    def parse(self, document: Document) -> ScannerReport:
        """Read each flaw; a scan that did not succeed is incomplete."""
        found = [
            Finding(
                id=f"CWE-{flaw['cwe_id']}",
                severity=by_word(_LEVELS[int(flaw["severity"])]),
                summary=line(flaw["issue_type"]),
                location=place(
                    flaw["files"]["source_file"]["file"], flaw["files"]["source_file"].get("line")
                ),
            )
            for flaw in document["findings"]
        ]
        status = str(document.get("scan_status", "")).upper()
        gaps = [] if status == "SUCCESS" else [f"the scan's status is {status or 'not told'}"]
        return report(self.name, document["pipeline_scan"], found, gaps)
