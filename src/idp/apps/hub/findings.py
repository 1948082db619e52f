"""`/api/v1/findings`: an instance's history of findings, for whoever may list findings there.

The history is SQL, not objects, so the hub reads the instance's database, read-only. Who may is
asked of the instance as for every object: verb `list` on `findings.platform.idp` in the namespace,
in all namespaces when none is named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import sqlalchemy
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.instances import Instances
from idp.apps.hub.review import SELF_SUBJECT_ACCESS_REVIEW
from idp.capabilities.scanning.documents import openvex
from idp.capabilities.scanning.history.queries import (
    LONGEST_LIST,
    Filter,
    Order,
    State,
    StoredFinding,
    Trend,
    count_findings,
    list_findings,
    trend,
)
from idp.capabilities.scanning.history.report import Standing, standings
from idp.capabilities.scanning.kinds import Band
from idp.kernel.access import Principal
from idp.kernel.clock import timestamp, utc_now
from idp.kernel.errors import Forbidden
from idp.kernel.resource import PLATFORM_GROUP

RESOURCE = "findings"
_Name = Annotated[str | None, Query(max_length=256)]
_LONGEST_TREND = 365


class Report(BaseModel):
    """How applications stand, and what the newest scans of one left behind.

    Attributes:
        applications: Those with the most critical and high findings first.
        trend: Oldest first; empty unless an application is named.
    """

    applications: list[Standing]
    trend: list[Trend]


class FindingPage(BaseModel):
    """Some findings.

    Attributes:
        total: How many match.
        findings: In the order that was asked for.
    """

    total: int
    findings: list[StoredFinding]


def _filter(
    namespace: _Name = None,
    application: _Name = None,
    state: State | None = None,
    band: Band | None = None,
    scanner: _Name = None,
    name: _Name = None,
    overdue: bool = False,
) -> Filter:
    """The query parameters of every list of findings."""
    return Filter(namespace, application, state, band, scanner, name, overdue)


def finding_routes(authentication: Authentication, instances: Instances) -> APIRouter:
    """Build the routes."""
    person = [Depends(authentication.admit_person)]
    router = APIRouter(tags=["findings"], dependencies=person)

    @router.get("/findings", summary="Findings of an environment, the worst first")
    async def list_(
        request: Request,
        environment: str,
        wanted: Annotated[Filter, Depends(_filter)],
        limit: Annotated[int, Query(ge=1, le=LONGEST_LIST)] = 100,
    ) -> list[StoredFinding]:
        await _demand_right(instances, admitted(request), environment, wanted.namespace)
        found: list[StoredFinding] = await _read(
            instances, environment, list_findings, wanted, _now(), limit
        )
        return found

    @router.get("/findings/page", summary="A page of the findings of an environment, with filters")
    async def page(
        request: Request,
        environment: str,
        wanted: Annotated[Filter, Depends(_filter)],
        order: Order = "worst",
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> FindingPage:
        await _demand_right(instances, admitted(request), environment, wanted.namespace)
        now = _now()
        total, found = await asyncio.gather(
            _read(instances, environment, count_findings, wanted, now),
            _read(instances, environment, list_findings, wanted, now, limit, offset, order),
        )
        return FindingPage(total=total, findings=found)

    @router.get("/findings/vex", summary="What is known of an application, as OpenVEX")
    async def vex(
        request: Request, environment: str, namespace: str, application: _Name = None
    ) -> dict[str, Any]:
        principal = admitted(request)
        await _demand_right(instances, principal, environment, namespace)
        now = _now()
        wanted = Filter(namespace, application)
        found = await _read(instances, environment, list_findings, wanted, now, LONGEST_LIST)
        return openvex.write(found, principal.name, now)

    @router.get("/findings/report", summary="How the applications of an environment stand")
    async def report(
        request: Request,
        environment: str,
        namespace: _Name = None,
        application: _Name = None,
        scans: Annotated[int, Query(ge=1, le=_LONGEST_TREND)] = 30,
    ) -> Report:
        await _demand_right(instances, admitted(request), environment, namespace)
        found = await _read(instances, environment, standings, _now(), namespace, application)
        history: list[Trend] = []
        if namespace is not None and application is not None:
            history = await _read(instances, environment, trend, namespace, application, scans)
        return Report(applications=found, trend=history)

    return router


def _now() -> str:
    return timestamp(utc_now())


async def _demand_right(
    instances: Instances, principal: Principal, environment: str, namespace: str | None
) -> None:
    """Ask the instance; without an answer nobody may.

    Raises:
        Forbidden: Its RBAC says no.
        Unavailable: It does not answer.
    """
    attributes = {"verb": "list", "group": PLATFORM_GROUP, "resource": RESOURCE}
    if namespace is not None:
        attributes["namespace"] = namespace
    client = instances.client(environment, principal)
    review = await client.create(
        SELF_SUBJECT_ACCESS_REVIEW, {"spec": {"resourceAttributes": attributes}}
    )
    if not (review.get("status") or {}).get("allowed"):
        where = f"in namespace {namespace}" if namespace else "in all namespaces"
        raise Forbidden(
            f"{principal.name} may not list findings {where} of {environment}",
            remedy="It takes the verb list on findings.platform.idp; the role idp-viewer has it.",
        )


async def _read(
    instances: Instances, environment: str, read: Callable[..., Any], *arguments: Any
) -> Any:
    def run() -> Any:
        database: sqlalchemy.Engine = instances.history(environment)
        try:
            return read(database, *arguments)
        finally:
            database.dispose()

    return await asyncio.to_thread(run)
