"""CycloneDX 1.6 VEX: the analysis of vulnerabilities, beside or inside a bill of materials. Pure.

https://cyclonedx.org/docs/1.6/json/#vulnerabilities_items_analysis
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from idp.capabilities.scanning.documents.openvex import (
    NotAffected,
    name_of,
    package_of,
    package_url,
)
from idp.capabilities.scanning.history.queries import StoredFinding
from idp.kernel.errors import VerificationFailed

_STATES = {
    "open": "in_triage",
    "accepted": "exploitable",
    "false-positive": "not_affected",
    "fixed": "resolved",
}
# OpenVEX says more than CycloneDX knows: two words become one.
_JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
_READ = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "requires_configuration": "vulnerable_code_cannot_be_controlled_by_adversary",
    "requires_dependency": "vulnerable_code_not_in_execute_path",
    "requires_environment": "vulnerable_code_cannot_be_controlled_by_adversary",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_at_perimeter": "inline_mitigations_already_exist",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}


def write(findings: Sequence[StoredFinding], author: str, time: str) -> dict[str, Any]:
    """The document.

    Args:
        findings: Of packages; findings in files are left out.
        author: Who says so.
        time: RFC 3339.
    """
    told = [finding for finding in findings if finding.package]
    components = {package_url(f): {"name": f.package, "version": f.version} for f in told}
    body = [_vulnerability(finding) for finding in told]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, "".join(f.fingerprint + f.state for f in told))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"timestamp": time, "authors": [{"name": author}]},
        "components": [
            {"type": "library", "bom-ref": url, "purl": url, **facts}
            for url, facts in sorted(components.items())
        ],
        "vulnerabilities": body,
    }


def _vulnerability(finding: StoredFinding) -> dict[str, Any]:
    name = name_of(finding)
    analysis = {"state": _STATES[finding.state]}
    if finding.state == "false-positive":
        analysis["justification"] = _JUSTIFICATIONS[finding.justification]
    if finding.excepted_until:
        analysis["detail"] = f"{finding.exception}, until {finding.excepted_until}"
    scored = finding.severity is not None
    ratings = [{"score": finding.severity, "severity": finding.band}] if scored else []
    return {
        "bom-ref": finding.fingerprint,
        "id": name,
        "references": [
            {"id": other, "source": {"name": other.partition("-")[0]}}
            for other in sorted({finding.finding, *finding.aliases} - {name})
        ],
        "ratings": ratings,
        "description": finding.summary,
        "analysis": analysis,
        "affects": [{"ref": package_url(finding)}],
    }


def read(document: Any) -> list[NotAffected]:
    """The vulnerabilities that are `not_affected` or a `false_positive`.

    Raises:
        VerificationFailed: It is no CycloneDX document, or one of them gives no justification.
    """
    try:
        if document["bomFormat"] != "CycloneDX":
            raise ValueError("another bomFormat")
        return [
            found
            for vulnerability in document["vulnerabilities"]
            if (vulnerability.get("analysis") or {}).get("state")
            in ("not_affected", "false_positive")
            for found in _read(vulnerability)
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VerificationFailed(f"this is no CycloneDX VEX document: {error}") from error


def _read(vulnerability: dict[str, Any]) -> list[NotAffected]:
    analysis, name = vulnerability["analysis"], str(vulnerability["id"])
    justification = _READ.get(str(analysis.get("justification")))
    if justification is None:
        raise ValueError(f"{name} is {analysis['state']} without a justification of CycloneDX")
    # A BOM-link ends with the component's bom-ref.
    refs = [str(a["ref"]).rpartition("#")[2] for a in vulnerability.get("affects") or []]
    packages = sorted({package_of(ref) for ref in refs} or {""})
    said = str(analysis.get("detail") or analysis["justification"])
    return [NotAffected(name, package, justification, said) for package in packages]
