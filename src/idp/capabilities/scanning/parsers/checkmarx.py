"""Checkmarx One, the report of the CLI: `cx scan create --report-format json`.

https://docs.checkmarx.com/en/34965-68643-scan.html
"""

from __future__ import annotations

from collections.abc import Iterator

from idp.capabilities.scanning.parsers.ports import Document, by_word, line, place, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_WORDS = {"info": "none", "information": "none"}
_CLOSED = {"NOT_EXPLOITABLE", "PROPOSED_NOT_EXPLOITABLE"}


class Checkmarx:
    """Reads SAST, SCA and KICS results; those that were judged not exploitable are left out."""

    name = "checkmarx"

    def recognises(self, document: Document) -> bool:
        """Results of a scan of Checkmarx One."""
        return isinstance(document, dict) and {"scanID", "results"} <= set(document)

    def parse(self, document: Document) -> ScannerReport:
        """Read each result. A result of a package has a score, one of code has a word."""
        return report(self.name, "", _findings(document))


def _findings(document: Document) -> Iterator[Finding]:
    for result in document["results"] or []:
        if str(result.get("state", "")).upper() in _CLOSED:
            continue
        told = result.get("data") or {}
        if result["type"] == "sca":
            name, _, version = str(told["packageIdentifier"]).rpartition("-")
            score = (result.get("vulnerabilityDetails") or {}).get("cvssScore")
            yield Finding(
                id=str(result.get("id") or result["similarityId"]),
                package=name.partition("-")[2] or name,  # `Npm-lodash`
                version=version,
                severity=float(score) if score is not None else None,
                summary=line(result.get("description")),
            )
            continue
        nodes = told.get("nodes") or [{}]
        first = nodes[0]
        yield Finding(
            id=str(told.get("queryName") or told["queryId"]),
            severity=by_word(result["severity"], _WORDS),
            summary=line(result.get("description") or told.get("queryName")),
            location=place(
                first.get("fileName") or told.get("fileName") or told.get("filename", ""),
                first.get("line") or told.get("line"),
            ),
        )
