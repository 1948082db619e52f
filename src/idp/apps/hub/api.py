"""The hub's own HTTP API, below `/api/v1`: sessions, users, the overview, hints."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from idp.apps.hub.authentication import Authentication, admitted, error_response
from idp.apps.hub.changes import Changes
from idp.apps.hub.findings import finding_routes
from idp.apps.hub.groups import ADMINISTRATORS
from idp.apps.hub.instances import Instances
from idp.apps.hub.live.feed import Feed
from idp.apps.hub.live.routes import live_routes
from idp.apps.hub.overview import Overview, overview
from idp.apps.hub.sessions import Credential, check_credential
from idp.apps.hub.users import Users
from idp.apps.hub.views.audit import Audits
from idp.apps.hub.views.insight_routes import insight_routes
from idp.apps.hub.views.routes import view_routes
from idp.apps.hub.web.rate_limit import SignInLimit
from idp.apps.hub.web.sign_in import sign_in_routes
from idp.apps.hub.webhooks.routes import webhook_routes
from idp.apps.hub.webhooks.sources import Sources
from idp.apps.platform.layout import Layout
from idp.kernel.access import INSTANCE_PREFIX
from idp.kernel.errors import Cause, Forbidden, IdpError, Invalid

LONGEST_WAIT = 30.0


class Session(BaseModel):
    """A session that was opened.

    Attributes:
        token: Sent as `Authorization: Bearer <token>`.
        expires: Seconds since 1970.
        user: Who is signed in.
        groups: The user's groups.
    """

    token: str = Field(repr=False)
    expires: float
    user: str
    groups: list[str]


class User(BaseModel):
    """A user."""

    name: str
    groups: list[str]


class NewUser(BaseModel):
    """A user to create, or a password and groups to set."""

    password: str = Field(max_length=1000, repr=False)
    groups: list[Annotated[str, Field(max_length=100)]] = Field(max_length=100)


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

    application.include_router(_session_routes(users, authentication, limit))
    application.include_router(sign_in_routes(users, authentication, limit, instances.environments))
    administrator = _administrator(authentication)
    application.include_router(_user_routes(users, administrator))
    application.include_router(webhook_routes(Sources(users.database), administrator))
    application.include_router(_view_routes(authentication, instances, changes))
    application.include_router(finding_routes(authentication, instances))
    application.include_router(view_routes(authentication, instances, Audits(layout, instances)))
    application.include_router(insight_routes(authentication, instances, layout))
    application.include_router(live_routes(authentication, instances, feed))
    return application


def _session_routes(users: Users, authentication: Authentication, limit: SignInLimit) -> APIRouter:
    router = APIRouter(tags=["sessions"])

    @router.post("/sessions", summary="Sign in")
    async def open_session(credential: Credential, request: Request) -> Session:
        principal = await check_credential(users, limit, request, credential)
        token, expires = await asyncio.to_thread(users.open_session, principal.name)
        return Session(
            token=token, expires=expires, user=principal.name, groups=list(principal.groups)
        )

    signed_in = [Depends(authentication.admit)]

    @router.delete("/sessions", status_code=204, summary="Sign out", dependencies=signed_in)
    async def close_session(request: Request) -> None:
        token = request.headers.get("authorization", "").partition(" ")[2]
        await asyncio.to_thread(users.close_session, token)

    @router.get("/me", summary="Who am I?", dependencies=signed_in)
    async def me(request: Request) -> User:
        principal = admitted(request)
        return User(name=principal.name, groups=list(principal.groups))

    return router


def _administrator(authentication: Authentication) -> Callable[[Request], Awaitable[None]]:
    async def administrator(request: Request) -> None:
        await authentication.admit_person(request)
        principal = admitted(request)
        if ADMINISTRATORS not in principal.groups:
            raise Forbidden(
                f"{principal.name} may not manage users and webhooks",
                remedy=f"Ask a member of {ADMINISTRATORS}.",
            )

    return administrator


def _user_routes(users: Users, administrator: Callable[[Request], Awaitable[None]]) -> APIRouter:
    router = APIRouter(tags=["users"], dependencies=[Depends(administrator)])

    @router.get("/users", summary="All users")
    async def list_users() -> list[User]:
        names = await asyncio.to_thread(users.names)
        return [User(name=name, groups=list(groups)) for name, groups in sorted(names.items())]

    @router.put("/users/{name}", status_code=204, summary="Create a user, or set its password")
    async def put_user(name: str, user: NewUser) -> None:
        if name.startswith(INSTANCE_PREFIX):
            raise Forbidden("instances get their credentials when the platform is set up")
        await asyncio.to_thread(users.set_password, name, user.password, tuple(user.groups))

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
