"""Signing in at an OpenID Connect issuer: authorization code with PKCE.

1. `begin` sends the browser to the issuer with a `state`, a `nonce` and the challenge of a secret,
   and gives it a cookie. What came back is taken from a browser with this cookie only: nobody can
   be signed in as somebody else by following a link (RFC 6749 section 10.12).
2. `finish` takes each `state` once and for `WAIT_SECONDS`; the issuer that answers must be ours
   (RFC 9207), the code is exchanged with the secret (RFC 7636), and the token's signature, issuer,
   audience and times are checked by what checks tokens at the instances' APIs; its nonce must be
   the one that was sent (OpenID Connect Core 3.1.3.7).
3. The claims become a user as they do at the instances. The user is kept as the issuer's, and never
   takes over one that has a password here.
4. Afterwards the browser goes to a page of the portal; what went wrong is told by a fixed word.

https://www.rfc-editor.org/rfc/rfc9700 is the state of the art that these rules follow.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import orjson
import structlog

from idp.apps.hub.users import Users
from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer, check_url
from idp.embedded.apiserver.access.oidc_keys import issuer_client
from idp.embedded.apiserver.access.oidc_tokens import OidcTokens
from idp.kernel.errors import Forbidden, IdpError, Unauthorized, Unavailable

log = structlog.get_logger(__name__)

CALLBACK = "/api/v1/session/oidc/callback"
WAIT_SECONDS = 600.0
MOST_WAITING = 1000
LARGEST_ANSWER = 256 * 1024


@dataclass(frozen=True, slots=True)
class Waiting:
    """A browser that is at the issuer.

    Attributes:
        browser: What its cookie holds.
        verifier: The secret whose challenge the issuer was given.
        nonce: What the token must name.
        page: Where to go afterwards.
        until: When it is too late.
    """

    browser: str
    verifier: str
    nonce: str
    page: str
    until: float


class OidcSignIn:
    """Signs people in at one issuer.

    Args:
        issuer: Whom to trust, and what claims mean.
        users: Where people are kept.
        redirect: Whole address of `CALLBACK`; fixed, never taken from a request.
        secret: File of the client's secret; None for a public client.
        http: Client for the issuer; made from the issuer's certificates by default.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        issuer: OidcIssuer,
        users: Users,
        redirect: str,
        *,
        secret: Path | None = None,
        http: httpx.AsyncClient | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._users = users
        self._redirect = redirect
        self._secret = secret
        self._http = http or issuer_client(issuer.authority)
        self._now = now
        self._tokens = OidcTokens.of(issuer)
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()

    async def begin(self, page: str) -> tuple[str, str]:
        """Where to send the browser, and what its cookie must hold.

        Args:
            page: Where it wants to be afterwards; anything but a path of the portal is ignored.

        Raises:
            Unavailable: The issuer does not answer, or not as it must.
        """
        endpoint = (await self._discover())["authorization_endpoint"]
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        waiting = Waiting(
            browser,
            secrets.token_urlsafe(48),
            secrets.token_urlsafe(32),
            own_page(page),
            self._now() + WAIT_SECONDS,
        )
        self._waiting[state] = waiting
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
        query = {
            "response_type": "code",
            "client_id": self._issuer.audience,
            "redirect_uri": self._redirect,
            "scope": "openid profile email groups",
            "state": state,
            "nonce": waiting.nonce,
            "code_challenge": challenge_of(waiting.verifier),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", browser

    async def finish(
        self, *, state: str, code: str, issuer: str | None, browser: str
    ) -> tuple[str, str]:
        """Name of the user who signed in, and the page to go to.

        Raises:
            Unauthorized: It is too late, another browser began it, or the token does not hold.
            Forbidden: The user is disabled, or the name is somebody else's.
            Unavailable: The issuer does not answer.
        """
        waiting = self._waiting.get(state)
        if waiting is None or not hmac.compare_digest(waiting.browser, browser):
            raise Unauthorized("this browser did not begin to sign in, or too long ago")
        del self._waiting[state]
        if waiting.until < self._now():
            raise Unauthorized("signing in took too long")
        if issuer is not None and issuer != self._issuer.url:
            raise Unauthorized(f"another issuer answered: {issuer[:200]}")
        token = await self._exchange(code, waiting.verifier)
        await self._tokens.learn(token)
        user = self._tokens.user_for(token)
        if user is None:
            raise Unauthorized("the token of the issuer does not hold, or names nobody")
        if not hmac.compare_digest(_nonce(token), waiting.nonce):
            raise Unauthorized("the token of the issuer was made for another sign-in")
        await asyncio.to_thread(self._users.vouch, user.name, user.groups, self._issuer.url)
        log.info("signed in at the issuer", user=user.name, issuer=self._issuer.url)
        return user.name, waiting.page

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        await self._tokens.stop()

    async def _exchange(self, code: str, verifier: str) -> str:
        endpoint = (await self._discover())["token_endpoint"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "client_id": self._issuer.audience,
            "code_verifier": verifier,
        }
        if self._secret is not None:
            form["client_secret"] = (await asyncio.to_thread(self._secret.read_text)).strip()
        answer = await self._ask("POST", endpoint, form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            # https://www.rfc-editor.org/rfc/rfc6749#section-5.2
            raise Unauthorized(f"the issuer refused: {str(answer.get('error', ''))[:100]}")
        return token

    async def _discover(self) -> dict[str, str]:
        """The issuer's document, asked for each time: signing in is rare, and it may move."""
        url = f"{self._issuer.url.rstrip('/')}/.well-known/openid-configuration"
        document = await self._ask("GET", url)
        found = {}
        for name in ("authorization_endpoint", "token_endpoint"):
            value = document.get(name)
            if not isinstance(value, str) or document.get("issuer") != self._issuer.url:
                raise Unavailable(f"the discovery document of {url} is not one of our issuer")
            check_url(value)
            found[name] = value
        return found

    async def _ask(
        self, method: str, url: str, form: dict[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            async with self._http.stream(method, url, data=form) as answer:
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        raise Unavailable(f"{url} answers with too much")
            document = orjson.loads(body)
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"the issuer does not answer: {type(error).__name__}") from error
        if not isinstance(document, dict):
            raise Unavailable(f"{url} answers with something else than an object")
        return document


def problem_of(error: IdpError) -> str:
    """The word by which the sign-in page tells what went wrong. Pure."""
    if isinstance(error, Forbidden):
        return "forbidden"
    return "unavailable" if isinstance(error, Unavailable) else "refused"


def own_page(page: str) -> str:
    """A path of this portal; `/` for anything that may lead elsewhere. Pure."""
    plain = page.startswith("/") and not page.startswith(("//", "/\\", "/api/"))
    return page if plain and page.isprintable() and "\\" not in page else "/"


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 section 4.2). Pure."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _nonce(token: str) -> str:
    """The nonce of a token that was verified."""
    return str(jwt.decode(token, options={"verify_signature": False}).get("nonce", ""))
