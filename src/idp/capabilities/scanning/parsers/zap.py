"""ZAP, the traditional JSON report.

https://www.zaproxy.org/docs/desktop/addons/report-generation/report-traditional-json/
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.scanning.parsers.ports import Document, by_word, line, report
from idp.capabilities.scanning.reports import Finding, ScannerReport

_RISKS = {"0": "none", "1": "low", "2": "medium", "3": "high"}


class Zap:
    """Reads alerts; false positives, as somebody marked them in ZAP, are left out."""

    name = "zap"

    def recognises(self, document: Document) -> bool:
        """Sites that ZAP looked at."""
        return isinstance(document, dict) and "ZAP" in str(document.get("@programName"))

    def parse(self, document: Document) -> ScannerReport:
        """Read the alerts of all sites, each by the address where it was raised first."""
        sites = document["site"]
        found = [
            _finding(alert)
            for site in sites
            for alert in site["alerts"]
            if str(alert.get("confidence")) != "0"
        ]
        gaps = [] if sites else ["no site was reached"]
        return report(self.name, document.get("@version"), found, gaps)


def _finding(alert: dict[str, Any]) -> Finding:
    instances = alert.get("instances") or [{}]
    return Finding(
        id=f"zap-{alert.get('alertRef') or alert['pluginid']}",
        severity=by_word(alert["riskcode"], _RISKS),
        summary=line(alert.get("name") or alert["alert"]),
        location=str(instances[0].get("uri", "")),
    )
