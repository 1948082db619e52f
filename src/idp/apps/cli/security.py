"""What the commands of `security` do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import yaml

from idp.apps.cli.connection import connect
from idp.apps.platform.layout import Layout
from idp.capabilities.promotion.decide import builtin, rego
from idp.capabilities.promotion.decide.evidence import Evidence, EvidenceItem, read_reports
from idp.capabilities.promotion.decide.exceptions import Exemption
from idp.capabilities.promotion.decide.verdict import Case, as_output
from idp.capabilities.scanning.documents import cyclonedx_vex, openvex, sarif
from idp.capabilities.scanning.history.queries import LONGEST_LIST, StoredFinding
from idp.capabilities.scanning.kinds import (
    PROFILE,
    SecurityProfile,
    VulnerabilityException,
)
from idp.capabilities.scanning.parsers import read_report
from idp.kernel.clock import timestamp
from idp.kernel.errors import InvalidInput, TooLarge

_EXCEPTION = VulnerabilityException.type()


async def ask_findings(layout: Layout, user: str | None, path: str, query: dict[str, Any]) -> Any:
    """Ask the hub for findings; parameters that are None are left out."""
    asked = urlencode({name: str(value) for name, value in query.items() if value is not None})
    async with connect(layout, user) as platform:
        return await platform.hub("GET", f"/findings{path}?{asked}")


async def ask_exceptions(
    layout: Layout, user: str | None, environment: str, namespace: str
) -> list[dict[str, Any]]:
    """The exceptions of a namespace, soonest end first."""
    async with connect(layout, user) as platform:
        listed = await platform.instance(environment).list(_EXCEPTION, namespace)
    rows = [
        {
            "name": manifest["metadata"]["name"],
            "phase": (manifest.get("status") or {}).get("phase", "Waiting"),
            "findings": (manifest.get("status") or {}).get("findings", 0),
            "approver": "",
            **manifest["spec"],
        }
        for manifest in listed.items
    ]
    return sorted(rows, key=lambda row: str(row["expires"]))


async def request_exception(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    spec: dict[str, Any],
    days: int,
) -> str:
    """Create an exception in one's own name; gives its name."""
    prefix = re.sub(r"[^a-z0-9]+", "-", str(spec["finding"]).lower()).strip("-")[:40] or "finding"
    until = timestamp(datetime.now(UTC) + timedelta(days=days))
    async with connect(layout, user) as platform:
        body = {
            "metadata": {"generateName": f"{prefix}-", "namespace": namespace},
            "spec": {**spec, "expires": until, "author": platform.user},
        }
        created = await platform.instance(environment).create(_EXCEPTION, body)
    return str(created["metadata"]["name"])


async def approve(
    layout: Layout, user: str | None, environment: str, namespace: str, name: str
) -> str:
    """Add oneself as the approver; gives the end of the exception."""
    async with connect(layout, user) as platform:
        patch = {"spec": {"approver": platform.user}}
        client = platform.instance(environment)
        approved = await client.patch(_EXCEPTION, name, patch, namespace)
    return str(approved["spec"]["expires"])


async def revoke(
    layout: Layout, user: str | None, environment: str, namespace: str, name: str
) -> None:
    """Delete an exception."""
    async with connect(layout, user) as platform:
        await platform.instance(environment).delete(_EXCEPTION, name, namespace)


async def import_vex(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    file: Path,
    application: str,
    days: int,
) -> list[str]:
    """Ask for an exception for each statement that something is no problem; gives their names.

    Raises:
        InvalidInput: The file is no JSON.
        VerificationFailed: It is no VEX document.
    """
    document = _json(file)
    cyclonedx = isinstance(document, dict) and "bomFormat" in document
    statements = cyclonedx_vex.read(document) if cyclonedx else openvex.read(document)
    created = []
    for statement in statements:
        spec = {
            "finding": statement.finding,
            "disposition": "notAffected",
            "justification": statement.justification,
            "package": statement.package,
            "application": application,
            "reason": statement.statement[:2000],
        }
        created.append(await request_exception(layout, user, environment, namespace, spec, days))
    return created


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
        listed = await client.list(_EXCEPTION, namespace)
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
    engine = rego if profile.decided_by == "rego" else builtin
    answer = engine.verdict(case)
    return {
        "tool": report.name,
        "status": report.status,
        "decision": answer.decision,
        "rules": as_output(answer.rules),
        "findings": [finding.model_dump() for finding in report.findings],
    }


def _json(file: Path) -> Any:
    try:
        return orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{file} is no JSON: {error}") from error


async def read_profile(layout: Layout, user: str | None, environment: str) -> dict[str, Any]:
    """The rules in force, defaults included."""
    async with connect(layout, user) as platform:
        manifest = await platform.instance(environment).get(SecurityProfile.type(), PROFILE)
    spec: dict[str, Any] = SecurityProfile.parse(manifest).spec.model_dump(
        mode="json", by_alias=True
    )
    return spec


async def change_profile(
    layout: Layout, user: str | None, environment: str, rules: list[str]
) -> str:
    """Change rules; gives the new version.

    Raises:
        InvalidInput: A rule is not `path=value`.
        Invalid: The API does not take the value.
    """
    patch = profile_patch(rules)
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        changed = await client.patch(SecurityProfile.type(), PROFILE, patch)
    return SecurityProfile.parse(changed).spec.version


def profile_patch(rules: list[str]) -> dict[str, Any]:
    """A merge patch from rules such as `severity.high=deny`. Pure.

    Raises:
        InvalidInput: A rule is not `path=value`.
    """
    spec: dict[str, Any] = {}
    for rule in rules:
        path, equals, value = rule.partition("=")
        names = path.split(".")
        if not equals or not all(names):
            raise InvalidInput(
                f"{rule!r} is no rule",
                remedy="Write path and value, such as `severity.high=deny`; "
                "`idp-cli explain securityprofile.spec` shows every path.",
            )
        place = spec
        for name in names[:-1]:
            place = place.setdefault(name, {})
        # Only numbers and lists are read as YAML: words such as `off` would become booleans.
        structured = value[:1].isdigit() or value[:1] in ("[", "{")
        place[names[-1]] = yaml.safe_load(value) if structured else value
    return {"spec": spec}


def profile_rows(spec: dict[str, Any], prefix: str = "") -> list[dict[str, str]]:
    """Every rule with its path, for a table. Pure."""
    rows: list[dict[str, str]] = []
    for name, value in spec.items():
        if isinstance(value, dict):
            rows += profile_rows(value, f"{prefix}{name}.")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            rows.append({"rule": f"{prefix}{name}", "value": shown.partition("\n")[0]})
    return rows
