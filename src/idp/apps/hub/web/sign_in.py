"""`/api/v1/session`: how a browser signs in, asks who it is, and signs out."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.sessions import Credential, check_credential
from idp.apps.hub.users import Users
from idp.apps.hub.views.model import View
from idp.apps.hub.web.cookies import (
    BROWSER_SECONDS,
    csrf_token,
    demand_own_page,
    forget_session,
    session_token,
    set_session,
)
from idp.apps.hub.web.rate_limit import SignInLimit


class BrowserSession(View):
    """Who is signed in with this browser.

    Attributes:
        user: The user's name.
        groups: The user's groups.
        csrf: To be sent as `X-CSRF-Token` with every change.
        environments: The instances, in the order of promotion.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user": "maya",
                    "groups": ["idp:developers"],
                    "csrf": "5f2b0c9e6a",
                    "environments": ["development", "staging", "uat", "production"],
                }
            ]
        }
    )

    user: str
    groups: list[str]
    csrf: Annotated[str, Field(repr=False)]
    environments: list[str]


def sign_in_routes(
    users: Users,
    authentication: Authentication,
    limit: SignInLimit,
    environments: tuple[str, ...],
) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["browser"])

    def session_of(token: str, user: str, groups: tuple[str, ...]) -> BrowserSession:
        return BrowserSession(
            user=user,
            groups=list(groups),
            csrf=csrf_token(token),
            environments=list(environments),
        )

    @router.post("/session", summary="Sign in with a browser")
    async def sign_in(
        credential: Credential, request: Request, response: Response
    ) -> BrowserSession:
        demand_own_page(request)
        principal = await check_credential(users, limit, request, credential)
        if (former := session_token(request)) is not None:
            await asyncio.to_thread(users.close_session, former)
        token, _ = await asyncio.to_thread(open_browser_session, users, request, principal.name)
        set_session(request, response, token)
        return session_of(token, principal.name, principal.groups)

    @router.get("/session", summary="Who is signed in with this browser?")
    async def current(request: Request) -> BrowserSession | None:
        """`null` when nobody is: to ask is not a mistake."""
        token = session_token(request)
        principal = await asyncio.to_thread(users.session, token) if token else None
        if token is None or principal is None:
            return None
        return session_of(token, principal.name, principal.groups)

    @router.delete(
        "/session",
        status_code=204,
        summary="Sign this browser out",
        dependencies=[Depends(authentication.admit_person)],
    )
    async def sign_out(request: Request, response: Response) -> None:
        admitted(request)
        if (token := session_token(request)) is not None:
            await asyncio.to_thread(users.close_session, token)
        forget_session(request, response)

    return router


def open_browser_session(users: Users, request: Request, name: str) -> tuple[str, float]:
    """A new session of a browser: its token, and when it expires. Blocks."""
    label = browser_name(request.headers.get("user-agent", ""))
    return users.open_session(name, BROWSER_SECONDS, kind="browser", label=label)


def browser_name(agent: str) -> str:
    """What a person knows a browser by, from its `User-Agent`. Pure."""
    browsers = (
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrom", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = ("Windows", "Android", "iPhone", "Mac", "Linux")
    browser = next((name for mark, name in browsers if mark in agent), "A browser")
    system = next((name for name in systems if name in agent), "")
    return f"{browser} on {system}" if system else browser
