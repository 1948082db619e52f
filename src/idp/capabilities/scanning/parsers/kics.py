"""KICS, `kics scan --report-formats json`.

https://docs.kics.io/latest/results/#json
"""

from __future__ import annotations

from idp.capabilities.scanning.parsers.ports import Document, by_word, line, place, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_WORDS = {"info": "none", "trace": "none"}


class Kics:
    """Reads queries; files and queries that failed make the report incomplete."""

    name = "kics"

    def recognises(self, document: Document) -> bool:
        """Queries of a version of KICS."""
        return isinstance(document, dict) and "kics_version" in document

    def parse(self, document: Document) -> ScannerReport:
        """Read each place that a query found."""
        found = [
            Finding(
                id=str(query["query_id"]),
                severity=by_word(query["severity"], _WORDS),
                summary=line(query["query_name"]),
                location=place(file["file_name"], file.get("line")),
            )
            for query in document["queries"]
            for file in query["files"]
        ]
        failed = {
            "files that could not be scanned": document["files_failed_to_scan"],
            "queries that failed": document["queries_failed_to_execute"],
        }
        gaps = [f"{count} {what}" for what, count in failed.items() if int(count)]
        return report(self.name, document["kics_version"], found, gaps)
