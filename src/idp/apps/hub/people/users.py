"""`/api/v1/users`: for administrators."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, Field

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.groups import ADMINISTRATORS
from idp.apps.hub.users import Users
from idp.apps.hub.views.model import View
from idp.kernel.access import INSTANCE_PREFIX, Principal
from idp.kernel.errors import Forbidden, Invalid

log = structlog.get_logger(__name__)

Group = Annotated[str, Field(max_length=100)]
Groups = Annotated[list[Group], Field(max_length=100)]


class User(View):
    """A user.

    Attributes:
        name: How the user signs in.
        groups: What access rules name.
        disabled: Whether signing in is refused.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "maya", "groups": ["idp:developers"], "disabled": False}]
        }
    )

    name: str
    groups: list[str]
    disabled: bool = False


class NewUser(View):
    """A user to create, or a password and groups to set."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"password": "correct horse battery staple", "groups": ["idp:viewers"]}]
        }
    )

    password: str = Field(max_length=1000, repr=False)
    groups: Groups


class UserChange(View):
    """What to change of a user; what is left out stays.

    Attributes:
        password: A new one; it ends all sessions of the user.
        groups: In place of the groups so far.
        disabled: Whether signing in is refused; it ends all sessions of the user.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"disabled": True}]})

    password: str | None = Field(default=None, max_length=1000, repr=False)
    groups: Groups | None = None
    disabled: bool | None = None


def require_administrator(
    authentication: Authentication,
) -> Callable[[Request], Awaitable[None]]:
    """A dependency that lets administrators in only."""

    async def administrator(request: Request) -> None:
        await authentication.admit_person(request)
        principal = admitted(request)
        if ADMINISTRATORS not in principal.groups:
            raise Forbidden(
                f"{principal.name} may not manage users and webhooks",
                remedy=f"Ask a member of {ADMINISTRATORS}.",
            )

    return administrator


def user_routes(users: Users, administrator: Callable[[Request], Awaitable[None]]) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["users"], dependencies=[Depends(administrator)])

    @router.get("/users", summary="All users")
    async def list_users() -> list[User]:
        names = await asyncio.to_thread(users.names)
        disabled = await asyncio.to_thread(users.disabled)
        return [
            User(name=name, groups=list(groups), disabled=name in disabled)
            for name, groups in sorted(names.items())
        ]

    @router.put("/users/{name}", status_code=204, summary="Create a user, or set its password")
    async def put_user(request: Request, name: str, user: NewUser) -> None:
        _demand_person(name)
        _demand_not_locked_out(admitted(request), name, tuple(user.groups), None)
        await asyncio.to_thread(users.set_password, name, user.password, tuple(user.groups))
        log.info("user set", user=name, groups=user.groups, by=admitted(request).name)

    @router.patch("/users/{name}", status_code=204, summary="Change a user")
    async def change_user(request: Request, name: str, change: UserChange) -> None:
        _demand_person(name)
        groups = None if change.groups is None else tuple(change.groups)
        _demand_not_locked_out(admitted(request), name, groups, change.disabled)
        await asyncio.to_thread(
            users.change,
            name,
            password=change.password,
            groups=groups,
            disabled=change.disabled,
        )
        log.info(
            "user changed",
            user=name,
            password=change.password is not None,
            groups=change.groups,
            disabled=change.disabled,
            by=admitted(request).name,
        )

    return router


def _demand_person(name: str) -> None:
    if name.startswith(INSTANCE_PREFIX):
        raise Forbidden("instances get their credentials when the platform is set up")


def _demand_not_locked_out(
    principal: Principal, name: str, groups: tuple[str, ...] | None, disabled: bool | None
) -> None:
    """An administrator stays one until another says otherwise: so there is always one."""
    if principal.name != name:
        return
    if disabled or (groups is not None and ADMINISTRATORS not in groups):
        raise Invalid(
            "you cannot take your own administration away",
            remedy="Ask another administrator to do it.",
        )
