"""What scanners say: the content of a scan attestation (predicate type `SCAN`).

A report is `clean` only when its scanner ran to its end over everything it covers. Whatever could
not be looked at makes it `incomplete`, with the reason; findings made nevertheless are kept.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from idp.kernel.errors import VerificationFailed
from idp.kernel.resource import Model


class _Tolerant(Model):
    """Ignores what a later version added."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Finding(_Tolerant):
    """One thing that is wrong.

    Attributes:
        id: Of the rule or the advisory.
        aliases: Other names of the same advisory.
        package: Distribution that is affected; empty when it is the application's own source.
        version: Of that distribution.
        severity: CVSS base score; None when there is none. A scanner that knows only words gives
            the lowest score that CVSS calls by that word.
        summary: One line; never the secret that was found.
        location: Path in the image, with `:line` where known; empty for a distribution.
        context: Digest of what stands at the location, so that the finding is known again when
            lines move; empty when it must not be told (a secret) or is not known.
    """

    id: str
    aliases: list[str] = Field(default_factory=list)
    package: str = ""
    version: str = ""
    severity: float | None = None
    summary: str = ""
    location: str = ""
    context: str = ""


class DatabaseFacts(_Tolerant):
    """Which advisories were known.

    Attributes:
        digest: SHA-256 over all records.
        updated: When the newest record was changed by its author, RFC 3339.
        records: How many there are.
    """

    digest: str
    updated: str
    records: int


class ScannerReport(_Tolerant):
    """What one scanner says about one image.

    Attributes:
        name: Of the scanner, by which gaps are accepted.
        version: Of the scanner; empty when it could not be asked.
        status: `incomplete` whenever anything was not looked at.
        reason: Why it is incomplete.
        findings: What it found.
        database: What it compared with; None for scanners without one.
        made: When the scanner looked, RFC 3339; empty when only the scan as a whole says it.
    """

    name: str
    version: str = ""
    status: Literal["clean", "findings", "incomplete"]
    reason: str = ""
    findings: list[Finding] = Field(default_factory=list)
    database: DatabaseFacts | None = None
    made: str = ""


class ScanPredicate(_Tolerant):
    """All reports of one scan.

    Attributes:
        scanners: One report each.
        time: When the scan was asked for, RFC 3339.
        policy: Rules under which it was made.
    """

    scanners: list[ScannerReport]
    time: str
    policy: str = ""


def complete(
    name: str, version: str, findings: list[Finding], database: DatabaseFacts | None = None
) -> ScannerReport:
    """The report of a scanner that has looked at everything."""
    return ScannerReport(
        name=name,
        version=version,
        status="findings" if findings else "clean",
        findings=findings,
        database=database,
    )


def incomplete(name: str, reason: str, *, version: str = "", **facts: Any) -> ScannerReport:
    """The report of a scanner that has not; `facts` are further fields of the report."""
    return ScannerReport(name=name, version=version, status="incomplete", reason=reason, **facts)


def read_predicate(predicate: dict[str, Any]) -> ScanPredicate:
    """Read the predicate of a verified statement.

    Raises:
        VerificationFailed: It is not a scan.
    """
    try:
        return ScanPredicate.model_validate(predicate)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise VerificationFailed(f"not a scan: {where}: {first['msg']}") from error
