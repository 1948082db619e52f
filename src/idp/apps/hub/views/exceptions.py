"""Exceptions from what findings do, and the rules themselves, as each instance has them."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.actions import Reason
from idp.apps.hub.views.board import InstanceState, instance_state
from idp.apps.hub.views.gather import gather, listing
from idp.apps.hub.views.model import View
from idp.apps.hub.views.rights import may
from idp.capabilities.promotion.kinds import Name
from idp.capabilities.scanning.kinds import (
    PROFILE,
    Justification,
    Line,
    SecurityProfile,
    VulnerabilityException,
)
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.clock import timestamp
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest

EXCEPTION = VulnerabilityException.type()


class ExceptionView(View):
    """A finding that somebody asked to let be.

    Attributes:
        environment: Where.
        namespace: Of the applications that it is for.
        name: Of the object.
        finding: Id of the rule or the advisory, or an alias of it.
        disposition: `accepted`: the risk is borne; `notAffected`: it is no problem here.
        justification: Why it is not affected.
        application: Only in this one; empty means every application of the namespace.
        scanner: Only what this one finds; empty means any.
        package: Only in this distribution; empty means any.
        reason: Why, for people.
        author: Who asked for it.
        approver: Who agreed; empty until somebody did.
        expires: The last moment at which it counts.
        phase: `Waiting`, `Active` or `Expired`.
        findings: How many known findings it covers.
        may_approve: Whether the caller may approve it now.
        why_not: Why not, when it waits.
        may_revoke: Whether the caller may take it back.
    """

    environment: str
    namespace: str
    name: str
    finding: str
    disposition: Literal["accepted", "notAffected"]
    justification: str
    application: str
    scanner: str
    package: str
    reason: str
    author: str
    approver: str
    expires: datetime
    phase: str
    findings: int
    may_approve: bool
    why_not: str
    may_revoke: bool


class ExceptionList(View):
    """All exceptions that the caller may see.

    Attributes:
        instances: How each instance answered.
        exceptions: Those that wait first, then those that end first.
    """

    instances: list[InstanceState]
    exceptions: list[ExceptionView]


class ExceptionRequest(View):
    """An exception to ask for. It does nothing until somebody else approves it.

    Attributes:
        environment: Where.
        namespace: Of the applications that it is for.
        finding: Id of the rule or the advisory, or an alias of it.
        disposition: Is the risk borne, or is there none?
        justification: In the words of OpenVEX; demanded with `notAffected`.
        application: Only in this one; empty means every application of the namespace.
        scanner: Only what this one finds; empty means any.
        package: Only in this distribution; empty means any.
        reason: Why.
        days: For how long.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "environment": "production",
                    "namespace": "demo",
                    "finding": "CVE-2026-1234",
                    "application": "hello",
                    "reason": "There is no fixed version yet.",
                    "days": 30,
                }
            ]
        }
    )

    environment: Name
    namespace: Name
    finding: Annotated[Line, StringConstraints(min_length=1)]
    disposition: Literal["accepted", "notAffected"] = "accepted"
    justification: Justification = ""
    application: Line = ""
    scanner: Line = ""
    package: Line = ""
    reason: Reason
    days: int = Field(default=30, ge=1, le=365)


class ProfileView(View):
    """The rules of an environment.

    Attributes:
        state: How the instance answered.
        version: Digest of the rules; empty when there are none to be read.
        severity: Band -> what a finding of it does.
        due_days: Band -> in how many days it must be gone.
        incomplete: What an incomplete report does.
        tools: Scanner -> whether it runs here.
        evidence: What must be there.
        advisories_days: Oldest age of advisories that counts.
        scans_days: Oldest age of a report that counts.
        decided_by: `builtin` or `rego`.
    """

    state: InstanceState
    version: str = ""
    severity: dict[str, str]
    due_days: dict[str, int]
    incomplete: str = ""
    tools: dict[str, str]
    evidence: list[str]
    advisories_days: float = 0
    scans_days: float = 0
    decided_by: str = ""


async def exceptions(instances: Instances, principal: Principal) -> ExceptionList:
    """Every exception, wherever the caller may look."""

    async def ask(client: Client) -> list[tuple[Manifest, bool, bool]]:
        listed = (await listing(EXCEPTION)(client))[EXCEPTION.kind]
        namespaces = sorted({manifest["metadata"]["namespace"] for manifest in listed})

        async def rights(namespace: str) -> tuple[bool, bool]:
            return await asyncio.gather(
                may(client, "approve", namespace, resource=EXCEPTION.plural),
                may(client, "delete", namespace, resource=EXCEPTION.plural),
            )

        found = dict(zip(namespaces, await asyncio.gather(*map(rights, namespaces)), strict=True))
        return [(manifest, *found[manifest["metadata"]["namespace"]]) for manifest in listed]

    answers = await gather(instances, principal, ask)
    views = [
        exception_view(environment, manifest, principal.name, approve=approve, revoke=revoke)
        for environment, answer in answers.items()
        if not isinstance(answer, IdpError)
        for manifest, approve, revoke in answer
    ]
    return ExceptionList(
        instances=[instance_state(e, answer) for e, answer in answers.items()],
        exceptions=sorted(views, key=lambda v: (v.phase != "Waiting", v.expires)),
    )


def exception_view(
    environment: str, manifest: Manifest, caller: str, *, approve: bool, revoke: bool
) -> ExceptionView:
    """An exception, and what the caller may do with it. Pure.

    Args:
        environment: Where.
        manifest: The VulnerabilityException.
        caller: Who looks.
        approve: Whether RBAC lets the caller approve.
        revoke: Whether RBAC lets the caller delete.
    """
    spec = VulnerabilityException.parse(manifest).spec
    status = manifest.get("status") or {}
    waits = not spec.approver and status.get("phase", "Waiting") == "Waiting"
    why_not = ""
    if waits and caller == spec.author:
        why_not = "you asked for it: somebody else must decide"
    elif waits and not approve:
        why_not = f"it takes the role of an approver in {environment}"
    return ExceptionView(
        environment=environment,
        namespace=manifest["metadata"]["namespace"],
        name=manifest["metadata"]["name"],
        finding=spec.finding,
        disposition=spec.disposition,
        justification=spec.justification,
        application=spec.application,
        scanner=spec.scanner,
        package=spec.package,
        reason=spec.reason,
        author=spec.author,
        approver=spec.approver,
        expires=spec.expires,
        phase=status.get("phase", "Waiting"),
        findings=status.get("findings", 0),
        may_approve=waits and not why_not,
        why_not=why_not,
        may_revoke=revoke,
    )


async def request_exception(
    instances: Instances, principal: Principal, wanted: ExceptionRequest
) -> ExceptionView:
    """Ask for an exception in the caller's name."""
    prefix = re.sub(r"[^a-z0-9]+", "-", wanted.finding.lower()).strip("-")[:40] or "finding"
    until = timestamp(datetime.now(UTC) + timedelta(days=wanted.days))
    spec: dict[str, Any] = wanted.model_dump(
        by_alias=True, exclude={"environment", "namespace", "days"}
    )
    body = {
        "metadata": {"generateName": f"{prefix}-", "namespace": wanted.namespace},
        "spec": {**spec, "expires": until, "author": principal.name},
    }
    client = instances.client(wanted.environment, principal)
    made = await client.create(EXCEPTION, body)
    return exception_view(wanted.environment, made, principal.name, approve=False, revoke=True)


async def approve_exception(
    instances: Instances, principal: Principal, environment: str, namespace: str, name: str
) -> None:
    """Add the caller as the approver; the instance's admission says whether that may be."""
    client = instances.client(environment, principal)
    await client.patch(EXCEPTION, name, {"spec": {"approver": principal.name}}, namespace)


async def revoke_exception(
    instances: Instances, principal: Principal, environment: str, namespace: str, name: str
) -> None:
    """Take an exception back; promotions that stand on it start again."""
    await instances.client(environment, principal).delete(EXCEPTION, name, namespace)


async def profiles(instances: Instances, principal: Principal) -> list[ProfileView]:
    """The rules of every environment, defaults included."""
    answers = await gather(instances, principal, listing(SecurityProfile.type()))
    found = []
    for environment, answer in answers.items():
        view = ProfileView(
            state=instance_state(environment, answer),
            severity={},
            due_days={},
            tools={},
            evidence=[],
        )
        if not isinstance(answer, IdpError):
            for manifest in answer[SecurityProfile.type().kind]:
                if manifest["metadata"]["name"] == PROFILE:
                    view = _profile(view, SecurityProfile.parse(manifest))
        found.append(view)
    return found


def _profile(view: ProfileView, profile: SecurityProfile) -> ProfileView:
    spec = profile.spec
    return view.model_copy(
        update={
            "version": spec.version,
            "severity": spec.severity.model_dump(),
            "due_days": spec.due_days.model_dump(),
            "incomplete": spec.incomplete,
            "tools": dict(spec.tools),
            "evidence": list(spec.evidence),
            "advisories_days": spec.freshness.advisories_days,
            "scans_days": spec.freshness.scans_days,
            "decided_by": spec.decided_by,
        }
    )
