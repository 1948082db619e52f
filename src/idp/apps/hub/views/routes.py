"""The routes of the views and of what a person sets going."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.instances import Instances
from idp.apps.hub.views import actions
from idp.apps.hub.views.application import ApplicationView, application_view
from idp.apps.hub.views.audit import AuditPage, Audits, ChainView
from idp.apps.hub.views.board import Board, board_page, gather_rows
from idp.apps.hub.views.freezes import (
    FreezeList,
    FreezeRequest,
    FreezeView,
    end_freeze,
    freezes,
    start_freeze,
)
from idp.apps.hub.views.platform import InstanceView, platform
from idp.apps.hub.views.promotion import Inbox, PromotionView, inbox, promotion_view
from idp.apps.hub.views.reviews import Closing, ReviewList, close_review, reviews
from idp.apps.hub.views.rights import Rights, rights


def view_routes(authentication: Authentication, instances: Instances, audits: Audits) -> APIRouter:
    """Build the routes."""
    router = APIRouter(dependencies=[Depends(authentication.admit_person)])
    router.include_router(_application_routes(instances))
    router.include_router(_promotion_routes(instances))
    router.include_router(_gate_routes(instances))
    router.include_router(_platform_routes(instances, audits))
    return router


def _application_routes(instances: Instances) -> APIRouter:
    router = APIRouter(tags=["applications"])

    @router.get("/board", summary="Applications x environments")
    async def board(
        request: Request,
        search: Annotated[str, Query(max_length=200)] = "",
        attention: bool = False,
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> Board:
        states, rows = await gather_rows(instances, admitted(request))
        return board_page(
            states, rows, search=search, attention=attention, offset=offset, limit=limit
        )

    @router.get("/applications/{namespace}/{name}", summary="One application")
    async def application(request: Request, namespace: str, name: str) -> ApplicationView:
        return await application_view(instances, admitted(request), namespace, name)

    @router.get("/rights", summary="What you may do in each environment")
    async def my_rights(
        request: Request, namespace: Annotated[str | None, Query(max_length=63)] = None
    ) -> list[Rights]:
        return await rights(instances, admitted(request), namespace)

    return router


def _promotion_routes(instances: Instances) -> APIRouter:
    router = APIRouter(tags=["promotions"])

    @router.get("/approvals", summary="Promotions that wait for people")
    async def approvals(request: Request) -> Inbox:
        return await inbox(instances, admitted(request))

    @router.post("/approvals", status_code=204, summary="Approve or reject a promotion")
    async def decide(request: Request, decision: actions.DecisionRequest) -> None:
        await actions.decide(instances, admitted(request), decision)

    @router.get("/promotions/{environment}/{namespace}/{name}", summary="One promotion")
    async def promotion(
        request: Request, environment: str, namespace: str, name: str
    ) -> PromotionView:
        return await promotion_view(instances, admitted(request), environment, namespace, name)

    @router.post("/promotions", status_code=201, summary="Start the promotion of a release")
    async def promote(request: Request, wanted: actions.PromoteRequest) -> actions.Started:
        return await actions.promote(instances, admitted(request), wanted)

    @router.post("/rollbacks", status_code=201, summary="Start a rollback")
    async def roll_back(request: Request, wanted: actions.RollbackRequest) -> actions.Started:
        return await actions.roll_back(instances, admitted(request), wanted)

    return router


def _gate_routes(instances: Instances) -> APIRouter:
    router = APIRouter(tags=["promotions"])

    @router.get("/reviews", summary="What went past the rules and must be looked at")
    async def past_the_rules(request: Request, closed: bool = False) -> ReviewList:
        return await reviews(instances, admitted(request), closed=closed)

    @router.post(
        "/reviews/{environment}/{namespace}/{name}/closing",
        status_code=204,
        summary="Close a review of what somebody else did",
    )
    async def close(
        request: Request, environment: str, namespace: str, name: str, closing: Closing
    ) -> None:
        await close_review(instances, admitted(request), environment, namespace, name, closing)

    @router.get("/freezes", summary="Times in which nothing new comes")
    async def frozen(request: Request) -> FreezeList:
        return await freezes(instances, admitted(request))

    @router.post("/freezes", status_code=201, summary="Start a freeze")
    async def freeze(request: Request, wanted: FreezeRequest) -> FreezeView:
        return await start_freeze(instances, admitted(request), wanted)

    @router.delete(
        "/freezes/{environment}/{name}",
        status_code=204,
        summary="End a freeze before its time",
    )
    async def thaw(request: Request, environment: str, name: str) -> None:
        await end_freeze(instances, admitted(request), environment, name)

    return router


def _platform_routes(instances: Instances, audits: Audits) -> APIRouter:
    router = APIRouter(tags=["platform"])

    @router.get("/platform", summary="The instances: parts, health, gates")
    async def platform_state(request: Request) -> list[InstanceView]:
        return await platform(instances, admitted(request))

    @router.get("/audit/{environment}", summary="Search the audit of an instance")
    async def audit(
        request: Request,
        environment: str,
        text: Annotated[str, Query(max_length=200)] = "",
        actor: Annotated[str, Query(max_length=200)] = "",
        people: bool = False,
        before: Annotated[int | None, Query(ge=1)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> AuditPage:
        return await audits.search(
            admitted(request),
            environment,
            text=text,
            actor=actor,
            people=people,
            before=before,
            limit=limit,
        )

    @router.get("/audit/{environment}/chain", summary="Prove that the audit was not edited")
    async def chain(request: Request, environment: str) -> ChainView:
        return await audits.verify(admitted(request), environment)

    return router
