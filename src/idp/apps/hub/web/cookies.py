"""The browser's session: a cookie, and what keeps other sites from using it.

1. The cookie holds a session token and is out of reach of scripts (`HttpOnly`). Browsers send it
   with requests of the portal's own pages only (`SameSite=Strict`); over TLS it is `Secure` and
   bound to this host (`__Host-`). Browsers share cookies between ports of a host, so the port is
   in the name: two platforms on one machine do not sign each other out.
2. A request that may change something, and comes by cookie, must come from a page of this very
   origin (`Origin`, else `Sec-Fetch-Site`), and must carry in `X-CSRF-Token` what only such a page
   can have read (`GET /api/v1/session`).
3. Every sign-in makes a new token and forgets the one that the browser had: a token that somebody
   planted beforehand opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import Response

from idp.kernel.errors import Forbidden

CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BROWSER_SECONDS = 12 * 3600.0
"""How long a browser stays signed in: a working day."""


def cookie_name(request: Request) -> str:
    """Name of the session cookie at the address under which the hub was asked."""
    port = request.url.port
    name = f"idp-session-{port}" if port else "idp-session"
    return f"__Host-{name}" if request.url.scheme == "https" else name


def session_token(request: Request) -> str | None:
    """The session token that the browser sent; None when there is none."""
    return request.cookies.get(cookie_name(request)) or None


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser a session."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(BROWSER_SECONDS),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def forget_session(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(
        cookie_name(request),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def csrf_token(token: str) -> str:
    """What a page must send with changes; it tells nothing about the session token."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def demand_own_page(request: Request) -> None:
    """Demand that a page of this origin asks.

    Raises:
        Forbidden: Another site does, or the browser does not say who.
    """
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    site = request.headers.get("sec-fetch-site")
    if origin == own or (origin is None and site == "same-origin"):
        return
    raise Forbidden(
        f"the request comes from {origin or 'an unknown page'}, not from {own}",
        remedy="Open the portal itself and try again; programs use a token from `idp-cli login`.",
    )


def demand_own_request(request: Request, token: str) -> None:
    """Demand proof that a page of the portal sends this change (rule 2).

    Raises:
        Forbidden: It does not.
    """
    if request.method in SAFE_METHODS:
        return
    demand_own_page(request)
    if not hmac.compare_digest(request.headers.get(CSRF_HEADER, ""), csrf_token(token)):
        raise Forbidden(
            f"the header {CSRF_HEADER} is missing or belongs to another session",
            remedy="Reload the page and try again.",
        )
