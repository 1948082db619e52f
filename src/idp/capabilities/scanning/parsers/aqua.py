"""Aqua, `scannercli scan --jsonfile`.

https://docs.aquasec.com/docs/scanner-cli
"""

from __future__ import annotations

from collections.abc import Iterator

from idp.capabilities.scanning.parsers.ports import Document, line, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_SCORES = ("nvd_score_v3", "vendor_score_v3", "aqua_score", "nvd_score", "vendor_score")


class Aqua:
    """Reads vulnerabilities of packages and files of an image."""

    name = "aqua"

    def recognises(self, document: Document) -> bool:
        """Resources of an image."""
        return isinstance(document, dict) and {"image", "resources"} <= set(document)

    def parse(self, document: Document) -> ScannerReport:
        """Read each resource; a partial scan is incomplete."""
        partial = bool(document.get("partial_results"))
        gaps = ["Aqua says that its results are partial"] if partial else []
        version = (document.get("scan_options") or {}).get("version", "")
        return report(self.name, version, _findings(document), gaps)


def _findings(document: Document) -> Iterator[Finding]:
    for entry in document["resources"] or []:
        resource = entry["resource"]
        for known in entry.get("vulnerabilities") or []:
            scores = [float(known[field]) for field in _SCORES if known.get(field)]
            yield Finding(
                id=str(known["name"]),
                package=str(resource.get("name") or resource["path"]),
                version=str(resource.get("version", "")),
                severity=scores[0] if scores else None,
                summary=line(known.get("description")),
            )
