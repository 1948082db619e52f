"""`/api/v1/session/oidc`: the two addresses that a browser visits to sign in at an issuer."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ConfigDict

from idp.apps.hub.users import Users
from idp.apps.hub.views.model import View
from idp.apps.hub.web.cookies import cookie_name, session_token, set_session
from idp.apps.hub.web.oidc import CALLBACK, WAIT_SECONDS, OidcSignIn, problem_of
from idp.apps.hub.web.rate_limit import SignInLimit
from idp.apps.hub.web.sign_in import open_browser_session
from idp.kernel.errors import IdpError, NotFound, Unauthorized

_PATH = CALLBACK.rpartition("/")[0]
Text = Annotated[str, Query(max_length=4000)]


class SignInMethods(View):
    """How one may sign in besides with a password.

    Attributes:
        oidc: Whether at an OpenID Connect issuer.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"oidc": True}]})

    oidc: bool


def oidc_routes(users: Users, limit: SignInLimit, sign_in: OidcSignIn | None) -> APIRouter:
    """Build the routes; without an issuer they say that there is none."""
    router = APIRouter(tags=["browser"])

    def configured() -> OidcSignIn:
        if sign_in is None:
            raise NotFound(
                "no OpenID Connect issuer is configured",
                remedy="Sign in with a password; `oidc` in platform.json names an issuer.",
            )
        return sign_in

    @router.get("/session/methods", summary="How may one sign in?")
    async def sign_in_methods() -> SignInMethods:
        return SignInMethods(oidc=sign_in is not None)

    @router.get("/session/oidc", summary="Go to the issuer to sign in", status_code=303)
    async def begin_oidc(request: Request, page: Text = "/") -> Response:
        issuer = configured()
        limit.demand(_address(request))
        try:
            address, browser = await issuer.begin(page)
        except IdpError as error:
            return _to(f"/sign-in?problem={problem_of(error)}")
        response = _to(address)
        response.set_cookie(
            _cookie(request),
            browser,
            max_age=int(WAIT_SECONDS),
            path=_PATH,
            secure=request.url.scheme == "https",
            httponly=True,
            # The issuer leads back from another site, which `strict` would not let the cookie see.
            samesite="lax",
        )
        return response

    @router.get("/session/oidc/callback", summary="Come back from the issuer", status_code=303)
    async def finish_oidc(
        request: Request,
        state: Text = "",
        code: Text = "",
        iss: Annotated[str | None, Query(max_length=2000)] = None,
    ) -> Response:
        issuer, address = configured(), _address(request)
        try:
            limit.demand(address)
            if not code:
                raise Unauthorized("the issuer gave no code")
            name, page = await issuer.finish(
                state=state,
                code=code,
                issuer=iss,
                browser=request.cookies.get(_cookie(request), ""),
            )
            if (former := session_token(request)) is not None:
                await asyncio.to_thread(users.close_session, former)
            token, _ = await asyncio.to_thread(open_browser_session, users, request, name)
        except IdpError as error:
            limit.failed(address)
            return _to(f"/sign-in?problem={problem_of(error)}")
        response = _to(page)
        set_session(request, response, token)
        response.delete_cookie(_cookie(request), path=_PATH)
        return response

    return router


def _cookie(request: Request) -> str:
    # A cookie for one path cannot be `__Host-`.
    return f"{cookie_name(request).removeprefix('__Host-')}-oidc"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
