"""Reports and statements of others, judged or taken in; what is known, in formats of others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from idp.apps.cli.connection import connect
from idp.apps.cli.security import (
    EXCEPTION,
    ask_exceptions,
    ask_findings,
    request_exception,
)
from idp.apps.platform.layout import Layout
from idp.capabilities.promotion.decide import builtin, rego
from idp.capabilities.promotion.decide.evidence import Evidence, EvidenceItem, read_reports
from idp.capabilities.promotion.decide.exceptions import Exemption
from idp.capabilities.promotion.decide.verdict import Case, as_output
from idp.capabilities.scanning.documents import cyclonedx_vex, openvex, sarif
from idp.capabilities.scanning.history.queries import LONGEST_LIST, StoredFinding
from idp.capabilities.scanning.kinds import PROFILE, SecurityProfile, VulnerabilityException
from idp.capabilities.scanning.parsers import read_report
from idp.kernel.clock import timestamp
from idp.kernel.errors import InvalidInput, TooLarge
from idp.protocols.rego import evaluate

LARGEST_DOCUMENT = 32 * 1024 * 1024
"""Bytes of a document of others that is read."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of a VEX document.

    Attributes:
        created: Names of the exceptions that were asked for.
        known: How many statements had been asked for already.
    """

    created: list[str]
    known: int


async def import_vex(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    file: Path,
    application: str,
    days: int,
) -> TakenIn:
    """Ask for an exception for each statement that something is no problem.

    Raises:
        InvalidInput: The file is no JSON.
        TooLarge: The file is larger than `LARGEST_DOCUMENT`.
        VerificationFailed: It is no VEX document.
    """
    document = _json(file)
    cyclonedx = isinstance(document, dict) and "bomFormat" in document
    statements = cyclonedx_vex.read(document) if cyclonedx else openvex.read(document)
    now = timestamp(datetime.now(UTC))
    present = await ask_exceptions(layout, user, environment, namespace)
    asked = {_asked(row) for row in present if str(row["expires"]) > now}
    created, known = [], 0
    for statement in statements:
        spec = {
            "finding": statement.finding,
            "disposition": "notAffected",
            "justification": statement.justification,
            "package": statement.package,
            "application": application,
            "reason": statement.statement[:2000],
        }
        if _asked(spec) in asked:
            known += 1
            continue
        asked.add(_asked(spec))
        created.append(await request_exception(layout, user, environment, namespace, spec, days))
    return TakenIn(created, known)


def _asked(spec: dict[str, Any]) -> tuple[str, ...]:
    """What two exceptions say alike."""
    names = ("finding", "disposition", "justification", "package", "application", "version")
    return tuple(str(spec.get(name) or "") for name in names)


async def export_findings(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    application: str | None,
    form: str,
) -> dict[str, Any]:
    """What is known, in a format of others.

    Raises:
        TooLarge: There is more than one answer of the hub holds.
    """
    query = {
        "environment": environment,
        "namespace": namespace,
        "application": application,
        "limit": LONGEST_LIST,
    }
    rows = await ask_findings(layout, user, "", query)
    if len(rows) == LONGEST_LIST:
        raise TooLarge(
            f"there are {LONGEST_LIST} findings or more",
            remedy="Name one application: a document that leaves some out would mislead.",
        )
    findings = [StoredFinding(**row) for row in rows]
    if form == "sarif":
        return sarif.write(findings, version("idp"))
    write = openvex.write if form == "openvex" else cyclonedx_vex.write
    return write(findings, f"idp {environment}", timestamp(datetime.now(UTC)))


async def judge_report(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    application: str,
    file: Path,
    tool: str | None,
) -> dict[str, Any]:
    """What an environment would say of a report of another tool, if all else were in order.

    Raises:
        InvalidInput: It is not known whose report it is.
        VerificationFailed: It is not what the tool writes.
    """
    report = read_report(file.read_bytes(), tool)
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        profile = SecurityProfile.parse(await client.get(SecurityProfile.type(), PROFILE)).spec
        listed = await client.list(EXCEPTION, namespace)
    now = datetime.now(UTC)
    items = [EvidenceItem(kind, "", "") for kind in profile.evidence]
    reports = read_reports([report.model_dump()], timestamp(now))
    case = Case(
        application,
        Evidence("", items, (), reports),
        profile.model_copy(update={"tools": {}}),
        [Exemption.of(VulnerabilityException.parse(body)) for body in listed.items],
        now,
    )
    by_rego = profile.decided_by == "rego"
    answer = rego.verdict(case, evaluate) if by_rego else builtin.verdict(case)
    return {
        "tool": report.name,
        "status": report.status,
        "decision": answer.decision,
        "rules": as_output(answer.rules),
        "findings": [finding.model_dump() for finding in report.findings],
    }


def _json(file: Path) -> Any:
    if file.stat().st_size > LARGEST_DOCUMENT:
        raise TooLarge(f"{file} has more than {LARGEST_DOCUMENT} bytes")
    try:
        return orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{file} is no JSON: {error}") from error
