"""Routes of what is behind a release: proofs, workflows, GitOps, exceptions, measurements."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.desired import DesiredState
from idp.apps.hub.instances import Instances
from idp.apps.hub.views import exceptions as excepted
from idp.apps.hub.views.capacity import CapacityView, capacity
from idp.apps.hub.views.gitops import GitOps
from idp.apps.hub.views.gitops_model import EnvironmentSync, SyncDetail
from idp.apps.hub.views.metrics import Metrics, MetricsView
from idp.apps.hub.views.release import Releases
from idp.apps.hub.views.release_model import ReleaseDetail
from idp.apps.hub.views.settings import ApplicationSettings, application_settings
from idp.apps.hub.views.workflows import (
    WorkflowDetail,
    WorkflowPage,
    workflow_detail,
    workflow_page,
)
from idp.apps.platform.layout import Layout

_Word = Annotated[str, Query(max_length=200)]


def insight_routes(
    authentication: Authentication, instances: Instances, layout: Layout
) -> APIRouter:
    """Build the routes."""
    router = APIRouter(dependencies=[Depends(authentication.admit_person)])
    router.include_router(_release_routes(Releases(layout, instances), Metrics(layout, instances)))
    router.include_router(_workflow_routes(instances))
    router.include_router(_gitops_routes(GitOps(instances, DesiredState(layout))))
    router.include_router(_exception_routes(instances))
    router.include_router(_settings_routes(instances, layout))
    return router


def _release_routes(releases: Releases, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["applications"])

    @router.get(
        "/releases/{namespace}/{application}/{version}",
        summary="One release: contents, proofs, where it runs, what it would change",
    )
    async def release(
        request: Request, namespace: str, application: str, version: str, environment: _Word = ""
    ) -> ReleaseDetail:
        return await releases.show(admitted(request), namespace, application, version, environment)

    @router.get(
        "/applications/{namespace}/{name}/metrics",
        summary="Requests and processes of an application, as measured on this machine",
    )
    async def measurements(
        request: Request,
        namespace: str,
        name: str,
        environment: str,
        minutes: Annotated[int, Query(ge=5, le=1440)] = 60,
    ) -> MetricsView:
        return await metrics.show(admitted(request), environment, namespace, name, minutes)

    return router


def _settings_routes(instances: Instances, layout: Layout) -> APIRouter:
    router = APIRouter(tags=["applications"])

    @router.get(
        "/applications/{namespace}/{name}/settings",
        summary="Configuration of an application in each environment, and who may call whom",
    )
    async def settings(request: Request, namespace: str, name: str) -> ApplicationSettings:
        return await application_settings(instances, admitted(request), namespace, name)

    @router.get(
        "/platform/{environment}/capacity",
        summary="What an instance's pods ask for, and what the machine has",
        tags=["platform"],
    )
    async def room(request: Request, environment: str) -> CapacityView:
        return await capacity(layout, instances, admitted(request), environment)

    return router


def _workflow_routes(instances: Instances) -> APIRouter:
    router = APIRouter(tags=["workflows"])

    @router.get("/workflows", summary="Workflows: those that run first, then the newest")
    async def workflows(
        request: Request,
        environment: _Word = "",
        phase: _Word = "",
        search: _Word = "",
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> WorkflowPage:
        return await workflow_page(
            instances,
            admitted(request),
            environment=environment,
            phase=phase,
            search=search,
            offset=offset,
            limit=limit,
        )

    @router.get("/workflows/{environment}/{namespace}/{name}", summary="One workflow")
    async def workflow(
        request: Request, environment: str, namespace: str, name: str
    ) -> WorkflowDetail:
        return await workflow_detail(instances, admitted(request), environment, namespace, name)

    return router


def _gitops_routes(gitops: GitOps) -> APIRouter:
    router = APIRouter(tags=["gitops"])

    @router.get("/gitops", summary="Whether each environment has what its repository wants")
    async def environments(request: Request) -> list[EnvironmentSync]:
        return await gitops.environments(admitted(request))

    @router.get(
        "/gitops/{environment}/{namespace}/{name}",
        summary="One Argo CD Application: wanted and live by field, and its commits",
    )
    async def synced(request: Request, environment: str, namespace: str, name: str) -> SyncDetail:
        return await gitops.show(admitted(request), environment, namespace, name)

    @router.post(
        "/gitops/{environment}/{namespace}/{name}/sync", status_code=202, summary="Sync now"
    )
    async def sync(
        request: Request, environment: str, namespace: str, name: str, prune: bool = False
    ) -> None:
        await gitops.sync(admitted(request), environment, namespace, name, prune=prune)

    return router


def _exception_routes(instances: Instances) -> APIRouter:
    router = APIRouter(tags=["security"])

    @router.get("/exceptions", summary="Findings that somebody asked to let be")
    async def exceptions(request: Request) -> excepted.ExceptionList:
        return await excepted.exceptions(instances, admitted(request))

    @router.post("/exceptions", status_code=201, summary="Ask for an exception")
    async def ask(request: Request, wanted: excepted.ExceptionRequest) -> excepted.ExceptionView:
        return await excepted.request_exception(instances, admitted(request), wanted)

    @router.post(
        "/exceptions/{environment}/{namespace}/{name}/approval",
        status_code=204,
        summary="Approve an exception that somebody else asked for",
    )
    async def agree(request: Request, environment: str, namespace: str, name: str) -> None:
        await excepted.approve_exception(instances, admitted(request), environment, namespace, name)

    @router.delete(
        "/exceptions/{environment}/{namespace}/{name}",
        status_code=204,
        summary="Take an exception back",
    )
    async def revoke(request: Request, environment: str, namespace: str, name: str) -> None:
        await excepted.revoke_exception(instances, admitted(request), environment, namespace, name)

    @router.get("/profiles", summary="What findings do in each environment")
    async def profiles(request: Request) -> list[excepted.ProfileView]:
        return await excepted.profiles(instances, admitted(request))

    return router
