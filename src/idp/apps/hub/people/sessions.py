"""`/api/v1/sessions` and `/api/v1/tokens`: what proves who somebody is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ConfigDict, Field, StringConstraints

from idp.apps.hub.authentication import Authentication, admitted, presented_token
from idp.apps.hub.groups import ADMINISTRATORS
from idp.apps.hub.session_store import Scope, SessionKind, StoredSession
from idp.apps.hub.sessions import Credential, check_credential
from idp.apps.hub.users import Users
from idp.apps.hub.views.model import View
from idp.apps.hub.web.rate_limit import SignInLimit
from idp.kernel.access import Principal
from idp.kernel.errors import Forbidden, NotFound

MOST_TOKENS = 50
LONGEST_DAYS = 366


class Session(View):
    """A session that was opened.

    Attributes:
        token: Sent as `Authorization: Bearer <token>`.
        expires: Seconds since 1970.
        user: Who is signed in.
        groups: The user's groups.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "token": "kq3v...",
                    "expires": 1795000000.0,
                    "user": "maya",
                    "groups": ["idp:developers"],
                }
            ]
        }
    )

    token: str = Field(repr=False)
    expires: float
    user: str
    groups: list[str]


class SessionView(View):
    """A session or a token, without its secret.

    Attributes:
        id: Names it, to end it.
        user: Whose it is.
        kind: What holds it.
        label: What its maker called it.
        scope: `everything` that the user may, or `read` only.
        created: When it was made; None when that was not kept yet.
        used: When it was last used, to a minute; None when never.
        expires: When it ends by itself.
        current: Whether it is the one that asks.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "5f2b0c9e6a1d4e77",
                    "user": "maya",
                    "kind": "token",
                    "label": "nightly report",
                    "scope": "read",
                    "created": "2026-11-25T08:00:00Z",
                    "used": None,
                    "expires": "2027-02-23T08:00:00Z",
                    "current": False,
                }
            ]
        }
    )

    id: str
    user: str
    kind: SessionKind
    label: str
    scope: Scope
    created: datetime | None
    used: datetime | None
    expires: datetime
    current: bool


class NewToken(View):
    """A token to make.

    Attributes:
        label: What it is for.
        scope: What it may.
        days: After how many days it expires.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"label": "nightly report", "scope": "read", "days": 90}]}
    )

    label: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
    scope: Scope
    days: int = Field(ge=1, le=LONGEST_DAYS)


class MadeToken(View):
    """A token that was made.

    Attributes:
        token: The secret; it is shown this once.
        session: What is kept of it.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "kq3v..."}]})

    token: str = Field(repr=False)
    session: SessionView


def session_routes(users: Users, authentication: Authentication, limit: SignInLimit) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["sessions"])
    store = users.sessions
    signed_in = [Depends(authentication.admit)]
    people = [Depends(authentication.admit_person)]

    @router.post("/sessions", summary="Sign in")
    async def open_session(credential: Credential, request: Request) -> Session:
        principal = await check_credential(users, limit, request, credential)
        token, expires = await asyncio.to_thread(users.open_session, principal.name)
        return Session(
            token=token, expires=expires, user=principal.name, groups=list(principal.groups)
        )

    @router.delete("/sessions", status_code=204, summary="Sign out", dependencies=signed_in)
    async def close_session(request: Request) -> None:
        token = request.headers.get("authorization", "").partition(" ")[2]
        await asyncio.to_thread(users.close_session, token)

    async def current(request: Request) -> StoredSession | None:
        token = presented_token(request)
        return await asyncio.to_thread(store.find, token) if token else None

    @router.get("/sessions", summary="Sessions and tokens of a user", dependencies=people)
    async def list_sessions(
        request: Request, user: Annotated[str | None, Query(max_length=100)] = None
    ) -> list[SessionView]:
        wanted = _whose(admitted(request), user)
        own = await current(request)
        found = await asyncio.to_thread(store.of, wanted)
        return [session_view(stored, own) for stored in found]

    @router.delete("/sessions/{id}", status_code=204, summary="End a session", dependencies=people)
    async def end_session(
        request: Request, id: str, user: Annotated[str | None, Query(max_length=100)] = None
    ) -> None:
        wanted = _whose(admitted(request), user)
        if not await asyncio.to_thread(store.end, wanted, id):
            raise NotFound(
                f"{wanted} has no session {id[:40]!r}", remedy="It may have ended already."
            )

    @router.post("/tokens", status_code=201, summary="Make a token", dependencies=people)
    async def make_token(request: Request, wanted: NewToken) -> MadeToken:
        principal, own = admitted(request), await current(request)
        if own is not None and own.kind == "token":
            raise Forbidden(
                "a token cannot make tokens", remedy="Sign in to the portal and make it there."
            )
        known = await asyncio.to_thread(store.of, principal.name)
        if sum(stored.kind == "token" for stored in known) >= MOST_TOKENS:
            raise Forbidden(
                f"{principal.name} has {MOST_TOKENS} tokens", remedy="Revoke one that is not used."
            )
        token, stored = await asyncio.to_thread(
            store.open,
            principal.name,
            wanted.days * 86400.0,
            kind="token",
            label=wanted.label,
            scope=wanted.scope,
        )
        return MadeToken(token=token, session=session_view(stored, own))

    return router


def _whose(principal: Principal, user: str | None) -> str:
    """Whose sessions are meant: one's own, or anybody's for an administrator."""
    if user is None or user == principal.name:
        return principal.name
    if ADMINISTRATORS not in principal.groups:
        raise Forbidden(
            f"{principal.name} may not see the sessions of others",
            remedy=f"Ask a member of {ADMINISTRATORS}.",
        )
    return user


def session_view(stored: StoredSession, current: StoredSession | None) -> SessionView:
    """A session as it is shown. Pure."""
    return SessionView(
        id=stored.id,
        user=stored.user,
        kind=stored.kind,
        label=stored.label,
        scope=stored.scope,
        created=_time(stored.created),
        used=_time(stored.used),
        expires=datetime.fromtimestamp(stored.expires, UTC),
        current=current is not None and current.id == stored.id,
    )


def _time(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
