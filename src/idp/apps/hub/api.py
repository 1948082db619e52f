"""The hub's own HTTP API, below `/api/v1`: sessions, users, the overview, hints."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from idp.apps.hub.authentication import Authentication, admitted, error_response
from idp.apps.hub.changes import Changes
from idp.apps.hub.findings import finding_routes
from idp.apps.hub.groups import ADMINISTRATORS
from idp.apps.hub.instances import Instances
from idp.apps.hub.overview import Overview, overview
from idp.apps.hub.users import Users
from idp.kernel.access import INSTANCE_PREFIX
from idp.kernel.errors import Forbidden, IdpError, Unauthorized

LONGEST_WAIT = 30.0


class Credential(BaseModel):
    """A name and a password."""

    name: str = Field(max_length=100)
    password: str = Field(max_length=1000, repr=False)


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


def api(
    users: Users, authentication: Authentication, instances: Instances, changes: Changes
) -> FastAPI:
    """Build the application."""
    application = FastAPI(title="IDP hub", version="v1", docs_url=None, redoc_url=None)

    @application.exception_handler(IdpError)
    async def answer(_request: Request, error: Exception) -> Response:
        assert isinstance(error, IdpError)
        return error_response(error)

    application.include_router(_session_routes(users, authentication))
    application.include_router(_user_routes(users, authentication))
    application.include_router(_view_routes(authentication, instances, changes))
    application.include_router(finding_routes(authentication, instances))
    return application


def _session_routes(users: Users, authentication: Authentication) -> APIRouter:
    router = APIRouter(tags=["sessions"])

    @router.post("/sessions", summary="Sign in")
    async def open_session(credential: Credential) -> Session:
        principal = await asyncio.to_thread(
            users.authenticate, credential.name, credential.password
        )
        if principal is None:
            raise Unauthorized(
                "name or password is wrong",
                remedy="Try again; an administrator can set a new password with "
                "`idp-cli users set-password NAME`.",
            )
        token, expires = await asyncio.to_thread(users.open_session, principal.name)
        return Session(
            token=token, expires=expires, user=principal.name, groups=list(principal.groups)
        )

    signed_in = [Depends(authentication.admit)]

    @router.delete("/sessions", status_code=204, summary="Sign out", dependencies=signed_in)
    async def close_session(request: Request) -> None:
        token = request.headers["authorization"].partition(" ")[2]
        await asyncio.to_thread(users.close_session, token)

    @router.get("/me", summary="Who am I?", dependencies=signed_in)
    async def me(request: Request) -> User:
        principal = admitted(request)
        return User(name=principal.name, groups=list(principal.groups))

    return router


def _user_routes(users: Users, authentication: Authentication) -> APIRouter:
    async def administrator(request: Request) -> None:
        await authentication.admit_person(request)
        principal = admitted(request)
        if ADMINISTRATORS not in principal.groups:
            raise Forbidden(
                f"{principal.name} may not manage users",
                remedy=f"Ask a member of {ADMINISTRATORS}.",
            )

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
