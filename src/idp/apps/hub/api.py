"""The hub's own HTTP API, below `/api/v1`: sessions, users, the overview, hints."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from idp.apps.hub.authentication import Authentication, admitted, error_response
from idp.apps.hub.changes import Changes
from idp.apps.hub.creation.create import Creations
from idp.apps.hub.creation.routes import creation_routes
from idp.apps.hub.findings import finding_routes
from idp.apps.hub.instances import Instances
from idp.apps.hub.live.feed import Feed
from idp.apps.hub.live.routes import live_routes
from idp.apps.hub.overview import Overview, overview
from idp.apps.hub.people.roles import role_routes
from idp.apps.hub.people.sessions import session_routes
from idp.apps.hub.people.users import User, require_administrator, user_routes
from idp.apps.hub.users import Users
from idp.apps.hub.views.audit import Audits
from idp.apps.hub.views.insight_routes import insight_routes
from idp.apps.hub.views.routes import view_routes
from idp.apps.hub.web.oidc import OidcSignIn
from idp.apps.hub.web.oidc_routes import oidc_routes
from idp.apps.hub.web.rate_limit import SignInLimit
from idp.apps.hub.web.sign_in import sign_in_routes
from idp.apps.hub.webhooks.routes import webhook_routes
from idp.apps.hub.webhooks.sources import Sources
from idp.apps.platform.layout import Layout
from idp.kernel.errors import Cause, IdpError, Invalid

LONGEST_WAIT = 30.0


class ChangeItem(BaseModel):
    """A repository that changed: `service` is `git` or `registry`."""

    service: str
    repository: str


class ChangeList(BaseModel):
    """Changes behind a position.

    Attributes:
        position: To ask from the next time.
        changes: None when the position is not known any more: look at everything.
    """

    position: int
    changes: list[ChangeItem] | None


class Problem(BaseModel):
    """An error, in the form of a Kubernetes `Status`.

    Attributes:
        status: `Failure`.
        reason: CamelCase word.
        message: What happened and why.
        code: HTTP status.
        details: `remedy`, what to do next; and `causes`, by field.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "Status",
                    "apiVersion": "v1",
                    "status": "Failure",
                    "reason": "Forbidden",
                    "message": "maya may not manage users",
                    "code": 403,
                    "details": {"remedy": "Ask a member of idp:administrators."},
                }
            ]
        }
    )

    status: str
    reason: str
    message: str
    code: int
    details: dict[str, Any] = Field(default_factory=dict)


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "Refused; the remedy says what to do"},
    "5XX": {"model": Problem, "description": "An instance does not answer"},
}


def api(
    layout: Layout,
    users: Users,
    authentication: Authentication,
    instances: Instances,
    changes: Changes,
    feed: Feed,
    creations: Creations,
    oidc: OidcSignIn | None = None,
) -> FastAPI:
    """Build the application."""
    application = FastAPI(
        title="IDP hub",
        version="v1",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        responses=PROBLEMS,
    )
    limit = SignInLimit()

    @application.exception_handler(IdpError)
    async def answer(_request: Request, error: Exception) -> Response:
        assert isinstance(error, IdpError)
        return error_response(error)

    @application.exception_handler(RequestValidationError)
    async def explain(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        causes = [
            Cause(".".join(str(part) for part in problem["loc"][1:]), problem["msg"])
            for problem in error.errors()
        ]
        said = "; ".join(f"{cause.field}: {cause.message}" for cause in causes)
        return error_response(Invalid(f"the request is not valid: {said}", causes=causes))

    application.include_router(session_routes(users, authentication, limit))
    application.include_router(sign_in_routes(users, authentication, limit, instances.environments))
    administrator = require_administrator(authentication)
    application.include_router(oidc_routes(users, limit, oidc))
    application.include_router(user_routes(users, administrator))
    application.include_router(role_routes(authentication, instances))
    application.include_router(_me_routes(authentication))
    application.include_router(webhook_routes(Sources(users.database), administrator))
    application.include_router(_view_routes(authentication, instances, changes))
    application.include_router(finding_routes(authentication, instances))
    application.include_router(view_routes(authentication, instances, Audits(layout, instances)))
    application.include_router(insight_routes(authentication, instances, layout))
    application.include_router(live_routes(authentication, instances, feed))
    application.include_router(creation_routes(authentication, instances, creations))
    return application


def _me_routes(authentication: Authentication) -> APIRouter:
    router = APIRouter(tags=["sessions"], dependencies=[Depends(authentication.admit)])

    @router.get("/me", summary="Who am I?")
    async def me(request: Request) -> User:
        principal = admitted(request)
        return User(name=principal.name, groups=list(principal.groups))

    return router


def _view_routes(
    authentication: Authentication, instances: Instances, changes: Changes
) -> APIRouter:
    router = APIRouter(tags=["views"])

    @router.get(
        "/applications",
        summary="Every application in every environment",
        dependencies=[Depends(authentication.admit_person)],
    )
    async def applications(request: Request) -> Overview:
        return await overview(instances, admitted(request))

    @router.get(
        "/changes",
        summary="Hints that repositories changed",
        dependencies=[Depends(authentication.admit)],
    )
    async def list_changes(after: int = 0, wait: float = 0) -> ChangeList:
        found = await changes.wait(after, min(max(wait, 0.0), LONGEST_WAIT))
        return ChangeList(
            position=changes.position,
            changes=None
            if found is None
            else [ChangeItem(service=c.service, repository=c.repository) for c in found],
        )

    return router
