"""Snyk, `snyk test --json` and `snyk container test --json`; a list with `--all-projects`.

https://docs.snyk.io/snyk-cli/commands/test
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.scanning.parsers.ports import Document, line, report
from idp.capabilities.scanning.reports import Finding, ScannerReport


class Snyk:
    """Reads vulnerabilities; a project that could not be tested makes the report incomplete."""

    name = "snyk"

    def recognises(self, document: Document) -> bool:
        """Tests of projects."""
        tests = document if isinstance(document, list) else [document]
        return bool(tests) and all(
            isinstance(test, dict)
            and "ok" in test
            and ("vulnerabilities" in test or "error" in test)
            for test in tests
        )

    def parse(self, document: Document) -> ScannerReport:
        """Read all tests; each path to a package is told once."""
        tests = document if isinstance(document, list) else [document]
        tested = [test for test in tests if "error" not in test]
        found = [_finding(v) for test in tested for v in test["vulnerabilities"]]
        return report(self.name, "", found, [line(t["error"]) for t in tests if "error" in t])


def _finding(vulnerability: dict[str, Any]) -> Finding:
    names = vulnerability.get("identifiers") or {}
    score = vulnerability.get("cvssScore")
    return Finding(
        id=str(vulnerability["id"]),
        aliases=[str(name) for kind in ("CVE", "GHSA") for name in names.get(kind) or []],
        package=str(vulnerability["packageName"]),
        version=str(vulnerability["version"]),
        severity=float(score) if score is not None else None,
        summary=line(vulnerability["title"]),
    )
