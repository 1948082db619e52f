"""Who sends a request to the hub: session token, HTTP basic credentials, or a browser's cookie."""

from __future__ import annotations

import asyncio
import base64
import binascii

import orjson
from starlette.requests import Request
from starlette.responses import Response

from idp.apps.hub.access import HubAccess
from idp.apps.hub.users import Users
from idp.apps.hub.web.cookies import SAFE_METHODS, demand_own_request, session_token
from idp.kernel.access import INSTANCE_PREFIX, Principal
from idp.kernel.errors import Forbidden, IdpError, TooManyRequests, Unauthorized

_SIGN_IN = "Sign in with `idp-cli login`."


class Authentication:
    """Finds the principal of a request."""

    def __init__(self, users: Users, access: HubAccess) -> None:
        self._users = users
        self._access = access

    async def principal(self, request: Request) -> Principal:
        """The principal.

        Raises:
            Unauthorized: There is no credential, or it is wrong.
            TooManyRequests: The user is locked for a while.
            Forbidden: It comes by cookie, would change something, and no page of ours sent it; or
                the token may only read.
        """
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        found: Principal | None = None
        if scheme.lower() == "bearer":
            found = await asyncio.to_thread(self._users.session, credential.strip())
        elif scheme.lower() == "basic":
            name, password = _basic(credential)
            found = await self._access.authenticate(name, password)
        elif not scheme and (cookie := session_token(request)) is not None:
            scheme = "cookie"
            found = await asyncio.to_thread(self._users.session, cookie)
            if found is not None:
                demand_own_request(request, cookie)
        if found is not None and found.read_only and request.method not in SAFE_METHODS:
            raise Forbidden(
                "this token may only read",
                remedy="Make one with the scope `everything`: Settings, Tokens, in the portal.",
            )
        if found is None:
            message = "the credential is not valid" if scheme else "there is no credential"
            raise Unauthorized(message, remedy=_SIGN_IN)
        return found

    async def person(self, request: Request) -> Principal:
        """The principal, who must not be an instance: no instance has rights in another."""
        principal = await self.principal(request)
        if principal.name.startswith(INSTANCE_PREFIX):
            raise Forbidden(f"{principal.name} is an instance, this is for people")
        return principal

    async def admit(self, request: Request) -> None:
        """Let in whoever proves who it is; `admitted` then tells. Raises as `principal`."""
        request.state.principal = await self.principal(request)

    async def admit_person(self, request: Request) -> None:
        """Let in people only. Raises as `person`."""
        request.state.principal = await self.person(request)


def presented_token(request: Request) -> str | None:
    """What may be the session token of a request; None when it carries nothing of the kind."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credential.strip()
    if scheme.lower() == "basic":
        return _basic(credential)[1]
    return session_token(request)


def admitted(request: Request) -> Principal:
    """Who was let in."""
    principal: Principal = request.state.principal
    return principal


def _basic(credential: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(credential, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthorized("the basic credential is malformed", remedy=_SIGN_IN) from None
    name, _, password = text.partition(":")
    return name, password


def error_response(error: IdpError) -> Response:
    """An error as a Kubernetes `Status`."""
    body = error.as_kubernetes_status()
    headers = {"Retry-After": "5"} if isinstance(error, TooManyRequests) else None
    return Response(orjson.dumps(body), error.status, headers, "application/json")
