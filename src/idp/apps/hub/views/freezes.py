"""Freezes: times in which no promotion changes an environment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.actions import Reason
from idp.apps.hub.views.board import InstanceState, instance_state
from idp.apps.hub.views.gather import gather, listing
from idp.apps.hub.views.model import View
from idp.apps.hub.views.rights import may
from idp.apps.promotion_requests import freeze_of, freeze_state
from idp.capabilities.promotion.kinds import Freeze, Name
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.errors import IdpError, InvalidInput
from idp.kernel.resource import Manifest

FREEZE = Freeze.type()
_ORDER = {"on": 0, "to come": 1, "over": 2}


class FreezeView(View):
    """One freeze.

    Attributes:
        environment: Where.
        name: Of the object.
        state: Whether it is on.
        start: When it begins or began.
        until: When it ends by itself.
        by: Who froze it.
        reason: Why.
        applications: Those that are frozen; empty means all.
        namespaces: As `applications`.
        may_end: Whether the caller may end it before its time.
    """

    environment: str
    name: str
    state: Literal["on", "to come", "over"]
    start: datetime | None
    until: datetime
    by: str
    reason: str
    applications: list[str]
    namespaces: list[str]
    may_end: bool


class FreezeList(View):
    """Freezes that the caller may see.

    Attributes:
        instances: How each instance answered.
        freezes: Those that are on first, then those to come; of these the longest first.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "instances": [{"environment": "production"}],
                    "freezes": [
                        {
                            "environment": "production",
                            "name": "audit",
                            "state": "on",
                            "start": "2026-12-20T00:00:00Z",
                            "until": "2027-01-04T00:00:00Z",
                            "by": "paul",
                            "reason": "year-end audit",
                            "applications": [],
                            "namespaces": [],
                            "mayEnd": False,
                        }
                    ],
                }
            ]
        }
    )

    instances: list[InstanceState]
    freezes: list[FreezeView]


class FreezeRequest(View):
    """A freeze to start.

    Attributes:
        environment: Where.
        name: Its name.
        reason: Why.
        start: When it begins; None means at once.
        until: When it ends by itself.
        applications: Those that are frozen; empty means all.
        namespaces: As `applications`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "environment": "production",
                    "name": "audit",
                    "reason": "year-end audit",
                    "until": "2027-01-04T00:00:00Z",
                    "applications": ["hello"],
                }
            ]
        }
    )

    environment: Name
    name: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
    ]
    reason: Reason
    start: AwareDatetime | None = None
    until: AwareDatetime
    applications: list[Name] = Field(default_factory=list, max_length=200)
    namespaces: list[Name] = Field(default_factory=list, max_length=200)


async def freezes(instances: Instances, principal: Principal) -> FreezeList:
    """Every freeze, wherever the caller may look."""

    async def ask(client: Client) -> list[tuple[Manifest, bool]]:
        listed = (await listing(FREEZE)(client))[FREEZE.kind]
        end = bool(listed) and await may(client, "delete", resource=FREEZE.plural)
        return [(manifest, end) for manifest in listed]

    now = datetime.now(UTC)
    answers = await gather(instances, principal, ask)
    found = [
        freeze_view(environment, manifest, now, may_end=end)
        for environment, answer in answers.items()
        if not isinstance(answer, IdpError)
        for manifest, end in answer
    ]
    return FreezeList(
        instances=[instance_state(e, answer) for e, answer in answers.items()],
        freezes=sorted(found, key=lambda v: (_ORDER[v.state], -v.until.timestamp())),
    )


def freeze_view(
    environment: str, manifest: Manifest, now: datetime, *, may_end: bool
) -> FreezeView:
    """A freeze as a page shows it. Pure."""
    freeze = Freeze.parse(manifest)
    spec = freeze.spec
    return FreezeView(
        environment=environment,
        name=freeze.name,
        state=freeze_state(manifest, now),
        start=spec.start or freeze.metadata.creation_timestamp,
        until=spec.until,
        by=spec.by,
        reason=spec.reason,
        applications=spec.selector.applications,
        namespaces=spec.selector.namespaces,
        may_end=may_end,
    )


async def start_freeze(
    instances: Instances, principal: Principal, wanted: FreezeRequest
) -> FreezeView:
    """Freeze in the caller's name.

    Raises:
        InvalidInput: It would be over already, or end before it begins.
        Forbidden: The caller may not.
    """
    now = datetime.now(UTC)
    if wanted.until <= now:
        raise InvalidInput("the freeze would be over already", remedy="Choose a later end.")
    manifest = freeze_of(
        wanted.name,
        principal.name,
        reason=wanted.reason,
        start=wanted.start,
        until=wanted.until,
        applications=wanted.applications,
        namespaces=wanted.namespaces,
    )
    client = instances.client(wanted.environment, principal)
    made = await client.create(FREEZE, manifest)
    return freeze_view(wanted.environment, made, now, may_end=False)


async def end_freeze(
    instances: Instances, principal: Principal, environment: str, name: str
) -> None:
    """End a freeze before its time; what waits goes on at once."""
    await instances.client(environment, principal).delete(FREEZE, name)
