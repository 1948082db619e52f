"""SARIF 2.1.0, for editors and code hosts. Pure.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html

One run for each scanner; the fingerprint of the history is a partial fingerprint; what is excepted
is suppressed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from idp.capabilities.scanning.fingerprints import path_of
from idp.capabilities.scanning.history.queries import StoredFinding

_LEVELS = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "unscored": "warning",
}
_LINE = re.compile(r":(\d+)(?::\d+)?$")


def write(findings: Sequence[StoredFinding], version: str) -> dict[str, Any]:
    """The log of what is there; what is fixed is left out.

    Args:
        findings: Of one application.
        version: Of the platform.
    """
    there = [finding for finding in findings if finding.state != "fixed"]
    scanners = sorted({finding.scanner for finding in there})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [_run(name, [f for f in there if f.scanner == name], version) for name in scanners],
    }


def _run(scanner: str, findings: Sequence[StoredFinding], version: str) -> dict[str, Any]:
    rules = {finding.finding: _rule(finding) for finding in findings}
    driver = {"name": scanner, "version": version, "rules": list(rules.values())}
    return {"tool": {"driver": driver}, "results": [_result(finding) for finding in findings]}


def _rule(finding: StoredFinding) -> dict[str, Any]:
    score = {} if finding.severity is None else {"security-severity": f"{finding.severity:g}"}
    return {"id": finding.finding, "properties": {"tags": ["security"], **score}}


def _result(finding: StoredFinding) -> dict[str, Any]:
    text = finding.summary or finding.finding
    if finding.package:
        text += f" ({finding.package} {finding.version})"
    excepted = finding.state in ("accepted", "false-positive")
    accepted = {"kind": "external", "status": "accepted", "justification": finding.exception}
    return {
        "ruleId": finding.finding,
        "level": _LEVELS[finding.band],
        "message": {"text": text},
        "locations": [_location(finding)],
        "partialFingerprints": {"platform.idp/v1": finding.fingerprint},
        **({"suppressions": [accepted]} if excepted else {}),
    }


def _location(finding: StoredFinding) -> dict[str, Any]:
    path = path_of(finding.location).lstrip("/") or f"{finding.package}@{finding.version}"
    physical: dict[str, Any] = {"artifactLocation": {"uri": path}}
    if match := _LINE.search(finding.location):
        physical["region"] = {"startLine": int(match[1])}
    return {"physicalLocation": physical}
