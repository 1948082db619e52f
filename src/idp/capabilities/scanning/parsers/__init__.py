"""Reports of tools that ran elsewhere, read with suspicion; one file for each tool."""

from __future__ import annotations

import orjson

from idp.capabilities.scanning.parsers.aqua import Aqua
from idp.capabilities.scanning.parsers.checkmarx import Checkmarx
from idp.capabilities.scanning.parsers.checkov import Checkov
from idp.capabilities.scanning.parsers.clair import Clair
from idp.capabilities.scanning.parsers.dependency_check import DependencyCheck
from idp.capabilities.scanning.parsers.fossa import Fossa
from idp.capabilities.scanning.parsers.grype import Grype
from idp.capabilities.scanning.parsers.kics import Kics
from idp.capabilities.scanning.parsers.nuclei import Nuclei
from idp.capabilities.scanning.parsers.ports import Document, Parser
from idp.capabilities.scanning.parsers.sarif import Sarif
from idp.capabilities.scanning.parsers.semgrep import Semgrep
from idp.capabilities.scanning.parsers.snyk import Snyk
from idp.capabilities.scanning.parsers.sonarqube import SonarQube
from idp.capabilities.scanning.parsers.trivy import Trivy
from idp.capabilities.scanning.parsers.veracode import Veracode
from idp.capabilities.scanning.parsers.zap import Zap
from idp.capabilities.scanning.reports import ScannerReport
from idp.kernel.errors import InvalidInput, TooLarge, VerificationFailed

PARSERS: tuple[Parser, ...] = (
    Sarif(),
    Trivy(),
    Grype(),
    Semgrep(),
    SonarQube(),
    Zap(),
    Nuclei(),
    Kics(),
    DependencyCheck(),
    Snyk(),
    Aqua(),
    Checkmarx(),
    Checkov(),
    Clair(),
    Fossa(),
    Veracode(),
)
LARGEST = 64 * 2**20


def read_report(data: bytes, tool: str | None = None) -> ScannerReport:
    """Read a report.

    Args:
        data: JSON, or JSON lines.
        tool: Whose it is; None finds out.

    Raises:
        InvalidInput: It is not known whose it is, or there is no parser for that tool.
        VerificationFailed: It is not what the tool writes.
        TooLarge: It is over the limit.
    """
    if len(data) > LARGEST:
        raise TooLarge(f"the report has more than {LARGEST // 2**20} MiB")
    document = _load(data)
    parser = _parser(document, tool)
    try:
        return parser.parse(document)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise VerificationFailed(
            f"this is no report of {parser.name}: {type(error).__name__} {error}"
        ) from error


def _load(data: bytes) -> Document:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        try:
            return [orjson.loads(line) for line in data.splitlines() if line.strip()]
        except orjson.JSONDecodeError:
            raise InvalidInput(f"the report is no JSON: {error}") from error


def _parser(document: Document, tool: str | None) -> Parser:
    names = ", ".join(parser.name for parser in PARSERS)
    for parser in PARSERS:
        if parser.name == tool or (tool is None and parser.recognises(document)):
            return parser
    what = f"there is no parser for {tool!r}" if tool else "no parser knows this report"
    raise InvalidInput(what, remedy=f"Reports of these are read: {names}.")
