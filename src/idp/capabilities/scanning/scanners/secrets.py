"""detect-secrets: keys and passwords in the application's own files."""

from __future__ import annotations

from typing import Any

from idp.capabilities.scanning.decide import lowest_score
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete
from idp.capabilities.scanning.sandbox import Completed, run_module
from idp.capabilities.scanning.scanners.output import installed_version, location, read_output
from idp.capabilities.scanning.scanners.ports import Target
from idp.kernel.errors import VerificationFailed

# Nothing is verified against the outside: there is no network, and a secret must not be tried out.
# A public address is not a secret.
_ARGUMENTS = ("scan", "--all-files", "--no-verify", "--disable-plugin", "IPPublicDetector", ".")


class Secrets:
    """Runs detect-secrets. What it found is named by kind and place, never quoted."""

    name = "secrets"
    covers = "keys and passwords in the application's files"

    def __init__(self, timeout: float = 300.0) -> None:
        self._timeout = timeout

    async def run(self, target: Target) -> ScannerReport:
        """Scan.

        Raises:
            IdpError: It cannot be run, or does not say what it found.
        """
        version = installed_version("detect-secrets")
        sources = target.require_sources()
        completed = await run_module("detect_secrets", _ARGUMENTS, sources, timeout=self._timeout)
        return read_report(completed, version)


def read_report(completed: Completed, version: str) -> ScannerReport:
    """From the output of detect-secrets to a report. Pure.

    Raises:
        VerificationFailed: It is not the output of detect-secrets.
    """
    output = read_output("detect-secrets", completed, good_codes=(0,))
    try:
        findings = [
            _finding(path, secret) for path, found in output["results"].items() for secret in found
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise VerificationFailed("detect-secrets printed something else than a report") from error
    return complete("secrets", version, findings)


def _finding(path: str, secret: dict[str, Any]) -> Finding:
    kind = str(secret["type"])[:100]
    return Finding(
        id=kind.lower().replace(" ", "-"),
        severity=lowest_score("high"),
        summary=f"{kind} in a file of the image",
        location=location(path, secret["line_number"]),
    )
