"""Checkov, `checkov --output json`: one report, or a list with one for each framework.

https://www.checkov.io/2.Basics/Reviewing%20Scan%20Results.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from idp.capabilities.scanning.parsers.ports import Document, by_word, line, place, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_EMPTY = {"passed", "failed", "skipped", "parsing_errors", "resource_count", "checkov_version"}


class Checkov:
    """Reads failed checks; without its vendor's service they have no severity and are medium."""

    name = "checkov"

    def recognises(self, document: Document) -> bool:
        """Reports of frameworks, or the summary of a run that found nothing to look at."""
        first = document[0] if isinstance(document, list) and document else document
        return isinstance(first, dict) and (
            {"check_type", "results"} <= set(first) or _is_empty(first)
        )

    def parse(self, document: Document) -> ScannerReport:
        """Read all frameworks."""
        runs = document if isinstance(document, list) else [document]
        told = [run for run in runs if not _is_empty(run)]
        found = [finding for run in told for finding in _findings(run)]
        errors = [path for run in told for path in run["results"].get("parsing_errors") or []]
        gaps = [f"files that it could not parse: {', '.join(sorted(errors)[:5])}"] if errors else []
        version = (runs[0].get("summary") or runs[0]).get("checkov_version") if runs else ""
        return report(self.name, version, found, gaps)


def _is_empty(run: dict[str, Any]) -> bool:
    return set(run) >= _EMPTY and "results" not in run


def _findings(run: dict[str, Any]) -> Iterator[Finding]:
    for check in run["results"]["failed_checks"]:
        lines = check.get("file_line_range") or [None]
        yield Finding(
            id=str(check["check_id"]),
            severity=by_word(check.get("severity") or "medium"),
            summary=line(f"{check['check_name']} ({check.get('resource', '')})"),
            location=place(check["file_path"], lines[0]),
        )
