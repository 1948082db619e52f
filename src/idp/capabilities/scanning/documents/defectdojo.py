"""Findings as DefectDojo's `Generic Findings Import` takes them. Pure.

https://docs.defectdojo.com/supported_tools/parsers/generic_findings_import/

The fingerprint is `unique_id_from_tool`, by which a finding is known again. What is not in a later
document is closed there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from idp.capabilities.scanning.documents.openvex import name_of
from idp.capabilities.scanning.fingerprints import path_of
from idp.capabilities.scanning.history.queries import StoredFinding

SCAN_TYPE = "Generic Findings Import"
_SEVERITIES = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low"}
# DefectDojo has no word for it; what nobody has scored must not be filtered away as harmless.
_UNSCORED = "High"


def write(findings: Sequence[StoredFinding]) -> dict[str, Any]:
    """The document of one application: everything that is there."""
    return {"findings": [_finding(finding) for finding in findings]}


def _finding(finding: StoredFinding) -> dict[str, Any]:
    where = f"{finding.package} {finding.version}".strip() or finding.location
    body: dict[str, Any] = {
        "title": f"{finding.finding}: {finding.summary or where}"[:500],
        "description": "\n\n".join(
            filter(
                None,
                (finding.summary, where, f"Found by {finding.scanner}. Owner: {finding.owner}."),
            )
        ),
        "severity": _SEVERITIES.get(finding.band, _UNSCORED),
        "date": finding.first_seen[:10],
        "planned_remediation_date": finding.due[:10],
        "unique_id_from_tool": finding.fingerprint,
        "vuln_id_from_tool": finding.finding,
        "active": finding.state == "open",
        "verified": False,
        "false_p": finding.state == "false-positive",
        "risk_accepted": finding.state == "accepted",
        "static_finding": True,
        "dynamic_finding": False,
    }
    if finding.band == "unscored":
        body["severity_justification"] = "Nobody has given it a CVSS score."
    elif finding.severity is not None:
        body["severity_justification"] = f"CVSS base score {finding.severity:g}."
    if finding.package:
        body |= {"component_name": finding.package, "component_version": finding.version}
        names = sorted({name_of(finding), finding.finding, *finding.aliases})
        body["vulnerability_ids"] = names
    else:
        body["file_path"] = path_of(finding.location)
    return body
