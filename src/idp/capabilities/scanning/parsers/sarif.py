"""SARIF 2.1.0, which CodeQL, Semgrep, KICS, Checkov, Trivy and many others write.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html; the property
`security-severity` of a rule is the score, as code scanning of GitHub defines it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from idp.capabilities.scanning.fingerprints import context_of
from idp.capabilities.scanning.parsers.ports import Document, by_word, line, place, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_LEVELS = {"error": "high", "warning": "medium", "note": "low", "none": "low"}


class Sarif:
    """Reads any SARIF log."""

    name = "sarif"

    def recognises(self, document: Document) -> bool:
        """A log with a version and runs."""
        return isinstance(document, dict) and "runs" in document and "version" in document

    def parse(self, document: Document) -> ScannerReport:
        """Read all runs; several tools in one log are one report."""
        runs = document["runs"]
        drivers = [run["tool"]["driver"] for run in runs]
        name = str(drivers[0]["name"]).lower().replace(" ", "-") if drivers else self.name
        version = (
            (drivers[0].get("semanticVersion") or drivers[0].get("version")) if drivers else ""
        )
        found = [finding for run in runs for finding in _findings(run)]
        gaps = [] if runs else ["the log holds no run"]
        gaps += [
            "the tool says that it did not finish"
            for run in runs
            for invocation in run.get("invocations") or []
            if not invocation["executionSuccessful"]
        ]
        return report(name, version, found, gaps)


def _findings(run: dict[str, Any]) -> Iterator[Finding]:
    driver = run["tool"]["driver"]
    rules = {rule["id"]: rule for rule in driver.get("rules") or []}
    for result in run.get("results") or []:
        if result.get("suppressions") or result.get("kind", "fail") != "fail":
            continue
        identity = str(result.get("ruleId") or result["rule"]["id"])
        rule = rules.get(identity, {})
        physical = (result.get("locations") or [{}])[0].get("physicalLocation") or {}
        region = physical.get("region") or {}
        snippet = (region.get("snippet") or {}).get("text") or ""
        yield Finding(
            id=identity,
            severity=_severity(result, rule),
            summary=line(result["message"].get("text") or rule.get("name")),
            location=place(
                (physical.get("artifactLocation") or {}).get("uri", ""), region.get("startLine")
            ),
            context=context_of(snippet.splitlines()),
        )


def _severity(result: dict[str, Any], rule: dict[str, Any]) -> float | None:
    for properties in (result.get("properties"), rule.get("properties")):
        stated = (properties or {}).get("security-severity")
        if stated is not None:
            return float(stated)
    default = (rule.get("defaultConfiguration") or {}).get("level", "warning")
    return by_word(result.get("level") or default, _LEVELS)
