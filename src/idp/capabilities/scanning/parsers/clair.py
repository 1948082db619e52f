"""Clair 4, a vulnerability report: `clairctl report --out json`.

https://quay.github.io/clair/reference/api.html (VulnerabilityReport)
"""

from __future__ import annotations

from collections.abc import Iterator

from idp.capabilities.scanning.parsers.ports import Document, line, report
from idp.capabilities.scanning.reports import Finding, ScannerReport


class Clair:
    """Reads vulnerabilities of packages. Clair states words, no scores: they are unscored."""

    name = "clair"

    def recognises(self, document: Document) -> bool:
        """A report about a manifest."""
        return isinstance(document, dict) and {
            "manifest_hash",
            "package_vulnerabilities",
        } <= set(document)

    def parse(self, document: Document) -> ScannerReport:
        """Read which package has which vulnerability."""
        gaps = [] if document.get("packages") else ["it found no package that it knows"]
        return report(self.name, "", _findings(document), gaps)


def _findings(document: Document) -> Iterator[Finding]:
    for package, names in document["package_vulnerabilities"].items():
        for name in names:
            known = document["vulnerabilities"][name]
            installed = document["packages"][package]
            yield Finding(
                id=str(known["name"]),
                package=str(installed["name"]),
                version=str(installed["version"]),
                summary=line(known.get("description")),
            )
