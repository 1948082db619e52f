"""What the commands of `security` do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import yaml

from idp.apps.cli.connection import connect
from idp.apps.platform.layout import Layout
from idp.capabilities.scanning.kinds import (
    PROFILE,
    SecurityProfile,
    SecurityProfileChange,
    SecurityProfileChangeStatus,
    VulnerabilityException,
)
from idp.capabilities.scanning.profile_changes import changed_rules, merged, rules_of
from idp.kernel.clock import timestamp
from idp.kernel.errors import InvalidInput

EXCEPTION = VulnerabilityException.type()
CHANGE = SecurityProfileChange.type()


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
        listed = await platform.instance(environment).list(EXCEPTION, namespace)
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
        created = await platform.instance(environment).create(EXCEPTION, body)
    return str(created["metadata"]["name"])


async def approve(
    layout: Layout, user: str | None, environment: str, namespace: str, name: str
) -> str:
    """Add oneself as the approver; gives the end of the exception."""
    async with connect(layout, user) as platform:
        patch = {"spec": {"approver": platform.user}}
        client = platform.instance(environment)
        approved = await client.patch(EXCEPTION, name, patch, namespace)
    return str(approved["spec"]["expires"])


async def revoke(
    layout: Layout, user: str | None, environment: str, namespace: str, name: str
) -> None:
    """Delete an exception."""
    async with connect(layout, user) as platform:
        await platform.instance(environment).delete(EXCEPTION, name, namespace)


async def read_profile(layout: Layout, user: str | None, environment: str) -> dict[str, Any]:
    """The rules in force, defaults included."""
    async with connect(layout, user) as platform:
        manifest = await platform.instance(environment).get(SecurityProfile.type(), PROFILE)
    spec: dict[str, Any] = SecurityProfile.parse(manifest).spec.model_dump(
        mode="json", by_alias=True
    )
    return spec


async def ask_for_rules(
    layout: Layout, user: str | None, environment: str, rules: list[str], reason: str
) -> str:
    """Ask for other rules in one's own name; gives the name of the change.

    Raises:
        InvalidInput: A rule is not `path=value`, or nothing would change.
        Invalid: The profile would not be valid.
    """
    patch = profile_patch(rules)["spec"]
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        manifest = await client.get(SecurityProfile.type(), PROFILE)
        base = SecurityProfile.parse(manifest).spec.version
        spec = merged(manifest["spec"], patch)
        if SecurityProfile.parse({**manifest, "spec": spec}).spec.version == base:
            raise InvalidInput(
                f"the profile of {environment} says so already",
                remedy=f"`idp-cli security profile show -e {environment}` shows every rule.",
            )
        body = {
            "metadata": {"generateName": "rules-"},
            "spec": {"base": base, "profile": spec, "reason": reason, "author": platform.user},
        }
        created = await client.create(CHANGE, body)
    return str(created["metadata"]["name"])


async def approve_rules(layout: Layout, user: str | None, environment: str, name: str) -> list[str]:
    """Add oneself as the approver of other rules; gives what changes by it."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        profile = SecurityProfile.parse(await client.get(SecurityProfile.type(), PROFILE)).spec
        patch = {"spec": {"approver": platform.user}}
        approved = SecurityProfileChange.parse(await client.patch(CHANGE, name, patch))
    return changed_rules(profile, approved.spec.profile)


async def ask_changes(layout: Layout, user: str | None, environment: str) -> list[dict[str, Any]]:
    """The changes of an environment's rules, oldest first; what those that wait would change."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        present = SecurityProfile.parse(await client.get(SecurityProfile.type(), PROFILE)).spec
        listed = await client.list(CHANGE)
    changes = [SecurityProfileChange.parse(manifest) for manifest in listed.items]
    rows = []
    for change in sorted(changes, key=lambda c: (str(c.metadata.creation_timestamp), c.name)):
        status = change.status or SecurityProfileChangeStatus()
        waits = status.phase == "Waiting"
        rows.append(
            {
                "name": change.name,
                "phase": status.phase,
                "author": change.spec.author,
                "approver": change.spec.approver,
                "reason": change.spec.reason,
                "commit": status.commit,
                "rules": "; ".join(changed_rules(present, change.spec.profile)) if waits else "",
            }
        )
    return rows


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


def profile_rows(spec: dict[str, Any]) -> list[dict[str, str]]:
    """Every rule with its path, for a table. Pure."""
    return [
        {"rule": path, "value": value.partition("\n")[0]} for path, value in rules_of(spec).items()
    ]


_BANDS = ("critical", "high", "medium", "low", "unscored")


def trend_rows(scans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each scan with how many findings it left open, and by how many that changed. Pure."""
    rows: list[dict[str, Any]] = []
    before: int | None = None
    for scan in scans:
        opened = sum(scan[band] for band in _BANDS)
        change = "" if before is None else f"{opened - before:+d}"
        rows.append({**scan, "open": opened, "change": change})
        before = opened
    return rows
