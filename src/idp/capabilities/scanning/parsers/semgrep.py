"""Semgrep, `semgrep scan --json`.

https://semgrep.dev/docs/semgrep-appsec-platform/json-and-sarif#json
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.scanning.fingerprints import context_of
from idp.capabilities.scanning.parsers.ports import Document, by_word, line, place, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_WORDS = {"error": "high", "warning": "medium", "info": "low"}


class Semgrep:
    """Reads results; files that could not be parsed make the report incomplete."""

    name = "semgrep"

    def recognises(self, document: Document) -> bool:
        """Results and the paths that were scanned."""
        return isinstance(document, dict) and {"results", "errors", "paths"} <= set(document)

    def parse(self, document: Document) -> ScannerReport:
        """Read all results that no comment ignores."""
        results = [r for r in document["results"] if not r["extra"].get("is_ignored")]
        gaps = [line(error["message"])[:200] for error in document["errors"]]
        return report(
            self.name, document.get("version"), [_finding(result) for result in results], gaps
        )


def _finding(result: dict[str, Any]) -> Finding:
    extra = result["extra"]
    lines = str(extra.get("lines") or "")
    return Finding(
        id=str(result["check_id"]),
        severity=by_word(extra["severity"], _WORDS),
        summary=line(extra["message"]),
        location=place(result["path"], result["start"]["line"]),
        # Without an account Semgrep says this in the place of the lines.
        context="" if lines == "requires login" else context_of(lines.splitlines()),
    )
