"""The same bill of materials as SPDX 2.3 in JSON, made from the CycloneDX document. Pure.

https://spdx.github.io/spdx-spec/v2.3/. Nothing is added: what CycloneDX does not say is
`NOASSERTION`, and a document without a time says 1970, so that the same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

_ALGORITHMS = {"SHA-1": "SHA1", "SHA-256": "SHA256", "SHA-384": "SHA384", "SHA-512": "SHA512"}
_PURPOSES = {
    "application": "APPLICATION",
    "container": "CONTAINER",
    "library": "LIBRARY",
    "platform": "OPERATING-SYSTEM",
}
_NO_TIME = "1970-01-01T00:00:00Z"
_DOCUMENT = "SPDXRef-DOCUMENT"
_UNKNOWN = "NOASSERTION"


def spdx_document(document: dict[str, Any]) -> dict[str, Any]:
    """Write the document.

    Args:
        document: CycloneDX, as `sbom` writes it.
    """
    metadata = document["metadata"]
    subject = metadata["component"]
    components = [subject, *document["components"]]
    tool = metadata["tools"]["components"][0]
    gaps = [p["value"] for p in metadata.get("properties", ()) if p["name"] == "platform.idp:gap"]
    names = sorted({name for component in components for name in _names(component)})
    serial = str(document["serialNumber"]).removeprefix("urn:uuid:")
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": _DOCUMENT,
        "name": subject["name"],
        "documentNamespace": f"https://platform.idp/spdx/{serial}",
        "creationInfo": {
            "created": _seconds(metadata.get("timestamp", _NO_TIME)),
            "creators": [f"Tool: {tool['name']}-{tool['version']}"],
        },
        **({"comment": "Not everything could be read: " + "; ".join(gaps)} if gaps else {}),
        "packages": [_package(component) for component in components],
        "relationships": [
            _relation(_DOCUMENT, "DESCRIBES", _identity(subject["bom-ref"])),
            *_relations(document, subject["bom-ref"]),
        ],
        **(
            {
                "hasExtractedLicensingInfos": [
                    {"licenseId": _reference(name), "name": name, "extractedText": name}
                    for name in names
                ]
            }
            if names
            else {}
        ),
    }


def _relations(document: dict[str, Any], subject: str) -> list[dict[str, str]]:
    """What an image lists it contains; everything else depends."""
    is_image = document["metadata"]["component"]["type"] == "container"
    return [
        _relation(
            _identity(edge["ref"]),
            "CONTAINS" if is_image and edge["ref"] == subject else "DEPENDS_ON",
            _identity(needed),
        )
        for edge in document["dependencies"]
        for needed in edge["dependsOn"]
    ]


def _relation(of: str, kind: str, to: str) -> dict[str, str]:
    return {"spdxElementId": of, "relationshipType": kind, "relatedSpdxElement": to}


def _package(component: dict[str, Any]) -> dict[str, Any]:
    group = component.get("group")
    package: dict[str, Any] = {
        "SPDXID": _identity(component["bom-ref"]),
        "name": f"{group}:{component['name']}" if group else component["name"],
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": False,
        "licenseConcluded": _UNKNOWN,
        "licenseDeclared": _license(component),
        "copyrightText": _UNKNOWN,
        "primaryPackagePurpose": _PURPOSES[component["type"]],
    }
    if version := component.get("version"):
        package["versionInfo"] = version
    properties = {p["name"]: p["value"] for p in component.get("properties", ())}
    # SPDX's checksum is that of the package file; that of a list of files is not.
    if component.get("hashes") and "platform.idp:hash-of" not in properties:
        package["checksums"] = [
            {"algorithm": _ALGORITHMS[entry["alg"]], "checksumValue": entry["content"]}
            for entry in component["hashes"]
        ]
    if purl := component.get("purl"):
        package["externalRefs"] = [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl,
            }
        ]
    return package


def _license(component: dict[str, Any]) -> str:
    told = component.get("licenses") or []
    if told and "expression" in told[0]:
        return str(told[0]["expression"])
    return " AND ".join(_reference(name) for name in _names(component)) or _UNKNOWN


def _names(component: dict[str, Any]) -> list[str]:
    return [e["license"]["name"] for e in component.get("licenses") or [] if "license" in e]


def _reference(name: str) -> str:
    return f"LicenseRef-{_letters(name)}"


def _identity(reference: str) -> str:
    return f"SPDXRef-{_letters(reference)}"


def _letters(text: str) -> str:
    """Letters, digits, dots and dashes that stand for exactly this text."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-")[:80]
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _seconds(time: str) -> str:
    """SPDX has no fractions of seconds and no zones."""
    return re.sub(r"(\.\d+)?(Z|\+00:00)$", "Z", time)
