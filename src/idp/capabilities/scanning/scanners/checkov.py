"""Checkov: infrastructure as code by its own rules, HCL and Helm included.

Runs: `checkov --directory`, confined; off until it is installed.
Covers: what its version's rules know. Modules and charts from elsewhere are not fetched.
Without a network: complete for what lies in the folder; severities need its vendor's service, so
every finding counts as medium.
"""

from __future__ import annotations

from idp.capabilities.scanning.parsers import read_report
from idp.capabilities.scanning.reports import ScannerReport
from idp.capabilities.scanning.sandbox import run_program
from idp.capabilities.scanning.scanners.ports import Target
from idp.capabilities.scanning.scanners.programs import require_program
from idp.kernel.errors import VerificationFailed

PROGRAMS = ("checkov",)
_ARGUMENTS = (
    "--directory=.",
    "--output=json",
    "--quiet",
    "--compact",
    "--soft-fail",
    "--skip-download",
    "--download-external-modules=false",
)


class Checkov:
    """Runs Checkov."""

    name = "checkov"
    covers = "infrastructure as code, by Checkov's rules"

    def __init__(self, timeout: float = 300.0) -> None:
        self._timeout = timeout

    async def run(self, target: Target) -> ScannerReport:
        """Scan.

        Raises:
            IdpError: It cannot be run, or does not say what it found.
        """
        program = require_program(PROGRAMS)
        sources = target.require_sources()
        completed = await run_program(program, _ARGUMENTS, sources, timeout=self._timeout)
        if completed.code != 0:
            raise VerificationFailed(f"checkov ended with code {completed.code}")
        return read_report(completed.output, "checkov")
