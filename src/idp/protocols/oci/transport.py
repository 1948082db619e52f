"""HTTP to a registry: who we are, what is tried again, and what an answer means.

Basic credentials go to the registry's own origin only. A registry that answers with a bearer
challenge gets a token from the realm it names, over HTTPS or at its own host, never elsewhere in
the clear. Reads are tried again when no connection comes about; writes are not, but for what
aiohttp does by itself: a PUT on a kept connection that turns out closed is sent again, which is
harmless, for everything that is PUT here is addressed by its content.
"""

from __future__ import annotations

import asyncio
import base64
import io
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
import orjson
from yarl import URL

from idp.kernel.capability import Remote
from idp.kernel.errors import (
    Conflict,
    Forbidden,
    IdpError,
    InvalidInput,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from idp.protocols.oci.errors import TagIsImmutable

_ATTEMPTS = 4
_FIRST_DELAY = 0.1
_MAX_ERROR_BODY = 64 * 1024
_ASK_FIRST = 2**20
_CHALLENGE_PARAMETER = re.compile(r'(\w+)="([^"]*)"')

_ERRORS: dict[int, type[IdpError]] = {
    400: InvalidInput,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    413: TooLarge,
    429: TooManyRequests,
}


class Transport:
    """One registry over one connection pool.

    Args:
        remote: Address and credential; an empty user name asks as nobody.
        timeout: Seconds without a byte after which the registry counts as not answering.
    """

    def __init__(self, remote: Remote, *, timeout: float = 60.0) -> None:
        self._base = URL(remote.url)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=timeout)
        self._basic = _basic(remote.username, remote.password) if remote.username else None
        self._tokens: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def request(
        self,
        method: str,
        address: str,
        *,
        scope: str,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        accept: tuple[int, ...] = (200,),
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask, and give an answer whose status is in `accept`.

        Args:
            method: HTTP method.
            address: Path with query, or whole address, as the registry's `Location` gives it.
            scope: What a bearer token must allow, such as `repository:a/b:pull`.
            headers: Further headers.
            data: Body.
            accept: Statuses that are not errors.

        Raises:
            IdpError: The kind that the status means, with the registry's own words.
        """
        url = self._base.join(URL(address, encoded=True))
        response = await self._send(method, url, scope, headers or {}, data)
        try:
            if response.status == 401 and await self._fetch_token(response, scope):
                response.release()
                response = await self._send(method, url, scope, headers or {}, data)
            if response.status not in accept:
                raise await _error(response, method, url)
            try:
                yield response
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise self._unreachable(error) from error
        finally:
            response.close() if not response.content.is_eof() else response.release()

    async def _send(
        self, method: str, url: URL, scope: str, headers: Mapping[str, str], data: bytes | None
    ) -> aiohttp.ClientResponse:
        attempts = _ATTEMPTS if method in ("GET", "HEAD") else 1
        sent = dict(headers)
        if (authorization := self._authorization(url, scope)) is not None:
            sent["Authorization"] = authorization
        for attempt in range(attempts):
            try:
                return await self._open_session().request(
                    method,
                    url,
                    headers=sent,
                    data=io.BytesIO(data) if data is not None else None,
                    # A registry that refuses the size says so before the body is sent.
                    expect100=data is not None and len(data) > _ASK_FIRST,
                )
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if attempt == attempts - 1:
                    raise self._unreachable(error) from error
            await asyncio.sleep(_FIRST_DELAY * 3**attempt)
        raise AssertionError("unreachable")

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Blobs are addressed by the digest of the bytes as sent: nothing may be decompressed.
            self._session = aiohttp.ClientSession(timeout=self._timeout, auto_decompress=False)
        return self._session

    def _authorization(self, url: URL, scope: str) -> str | None:
        if url.origin() != self._base.origin():
            return None
        if (token := self._tokens.get(scope)) is not None:
            return f"Bearer {token}"
        return self._basic

    async def _fetch_token(self, response: aiohttp.ClientResponse, scope: str) -> bool:
        """Answer a bearer challenge; False when there is none to answer."""
        kind, _, rest = response.headers.get("WWW-Authenticate", "").partition(" ")
        parameters = dict(_CHALLENGE_PARAMETER.findall(rest))
        if kind.lower() != "bearer" or "realm" not in parameters:
            return False
        realm = URL(parameters["realm"])
        if realm.scheme != "https" and realm.host != self._base.host:
            raise Unauthorized(
                f"{self._base} asks to fetch a token from {realm}, which is not encrypted",
                remedy="Use a registry whose token service is on HTTPS.",
            )
        query = {"scope": scope}
        if "service" in parameters:
            query["service"] = parameters["service"]
        headers = {"Authorization": self._basic} if self._basic else {}
        async with self._open_session().get(
            realm.update_query(query), headers=headers, allow_redirects=False
        ) as answer:
            if answer.status != 200:
                raise await _error(answer, "GET", realm)
            body = _json(await answer.content.read(_MAX_ERROR_BODY))
        token = body.get("token") or body.get("access_token")
        if not isinstance(token, str):
            raise Unauthorized(f"{realm} answered without a token", remedy="Check the registry.")
        self._tokens[scope] = token
        return True

    def _unreachable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"registry {self._base.origin()} does not answer: {error or type(error).__name__}",
            remedy="Look at `idp-cli status`; start the platform with `idp-cli up`.",
        )


def error_code(error: IdpError) -> str:
    """The OCI error code that a registry gave, such as `NAME_UNKNOWN`; empty when it gave none."""
    return str(error.details.get("code", ""))


async def _error(response: aiohttp.ClientResponse, method: str, url: URL) -> IdpError:
    """The error that an answer means, with the registry's words and remedy."""
    errors = _json(await response.content.read(_MAX_ERROR_BODY)).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    first = first if isinstance(first, dict) else {}
    detail = first.get("detail") if isinstance(first.get("detail"), dict) else {}
    code = str(first.get("code") or "")
    message = (detail or {}).get("reason") or first.get("message") or f"HTTP {response.status}"
    remedy = (detail or {}).get("remedy") or _remedy(response.status)
    cls = _ERRORS.get(response.status)
    if cls is Conflict and code == "DENIED":
        cls = TagIsImmutable
    if cls is None:
        cls = Unavailable if response.status >= 500 else InvalidInput
    return cls(f"{method} {url.path}: {message}", remedy=remedy, details={"code": code})


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _remedy(status: int) -> str | None:
    return {
        401: "Check the user name and password for the registry.",
        403: "Ask for the right on this repository.",
        429: "Wait and try again.",
    }.get(status)


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
