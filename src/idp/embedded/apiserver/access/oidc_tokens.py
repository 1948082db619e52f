"""Tokens of an outside OpenID Connect issuer, such as a company's single sign-on.

The issuer's public keys are held in memory: `OidcKeys` reads them from a file, or fetches them by
the issuer's discovery document every few minutes. So a request never waits for the issuer, and an
issuer that is down ends nobody's session; a token signed by a key that is not known yet is refused
until the next fetch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import orjson
import structlog

from idp.embedded.apiserver.access.identity import UserInfo
from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import InvalidInput, Unavailable

log = structlog.get_logger(__name__)

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
_MAX_DOCUMENT = 256 * 1024
_RESERVED = "system:"


@dataclass(frozen=True, slots=True)
class OidcIssuer:
    """An issuer that is trusted, and how its claims become a user.

    Attributes:
        url: The issuer, exactly as tokens name it in `iss`.
        audience: This platform's client id at the issuer: tokens must be for it.
        username_claim: The claim that is the user's name; with `email`, `email_verified` must not
            be false.
        username_prefix: Put before the name. None puts `<url>#` before it unless the claim is
            `email`, so that names of two issuers never meet.
        groups_claim: The claim that lists the user's groups.
        groups_prefix: Put before each group.
    """

    url: str
    audience: str
    username_claim: str = "sub"
    username_prefix: str | None = None
    groups_claim: str = "groups"
    groups_prefix: str = ""

    def user(self, claims: Mapping[str, Any]) -> UserInfo | None:
        """The user that verified claims mean; None when they name nobody that we accept."""
        name = claims.get(self.username_claim)
        if not isinstance(name, str) or not name:
            return None
        if self.username_claim == "email" and claims.get("email_verified", True) is not True:
            return None
        prefix = self.username_prefix
        if prefix is None:
            prefix = "" if self.username_claim == "email" else f"{self.url}#"
        groups = claims.get(self.groups_claim) or ()
        groups = (groups,) if isinstance(groups, str) else groups
        named = [self.groups_prefix + group for group in groups if isinstance(group, str)]
        # An issuer speaks for its people, never for the parts of the server.
        if (prefix + name).startswith(_RESERVED):
            return None
        return UserInfo(
            prefix + name, groups=tuple(g for g in named if not g.startswith(_RESERVED))
        )


class OidcKeys:
    """The public keys of an issuer."""

    def __init__(self, document: bytes = b'{"keys": []}') -> None:
        self._keys: dict[str, jwt.PyJWK] = {}
        self.load(document)

    @classmethod
    def from_file(cls, path: Path) -> OidcKeys:
        """The keys in a file (JWKS)."""
        return cls(path.read_bytes())

    def load(self, document: bytes) -> None:
        """Replace the keys by those of a JWKS document.

        Raises:
            InvalidInput: It is not one; the keys stay as they are.
        """
        try:
            entries = orjson.loads(document)["keys"]
            keys = [jwt.PyJWK(entry) for entry in entries if entry.get("use", "sig") == "sig"]
        except (ValueError, TypeError, KeyError, AttributeError, jwt.PyJWTError) as error:
            raise InvalidInput(f"the issuer's keys cannot be read: {error}") from error
        self._keys = {key.key_id or "": key for key in keys}

    def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of an id; the only key when a token names none."""
        if not key_id and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)


class OidcTokens:
    """Verifies the tokens of one issuer."""

    def __init__(self, issuer: OidcIssuer, keys: OidcKeys, *, clock: Clock = utc_now) -> None:
        self._issuer = issuer
        self._keys = keys
        self._clock = clock

    def user_for(self, token: str, audiences: Sequence[str] = ()) -> UserInfo | None:
        """The user of a valid token; None for any other, and always with `audiences`."""
        if audiences:
            return None
        try:
            key = self._keys.find(str(jwt.get_unverified_header(token).get("kid") or ""))
            if key is None or key.algorithm_name not in _ALGORITHMS:
                return None
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._issuer.audience,
                issuer=self._issuer.url,
                options={
                    "require": ["iss", "aud", "exp"],
                    "verify_exp": False,  # compared below, with our clock
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError):
            return None
        now = self._clock().timestamp()
        try:
            if not float(claims.get("nbf", 0)) <= now < float(claims["exp"]):
                return None
        except (TypeError, ValueError):
            return None
        return self._issuer.user(claims)


class OidcKeyRefresh:
    """Fetches an issuer's keys again and again (a `Runnable`)."""

    def __init__(
        self,
        issuer: OidcIssuer,
        keys: OidcKeys,
        client: httpx.AsyncClient,
        *,
        every: timedelta = timedelta(minutes=5),
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._client = client
        self._every = every

    async def run(self) -> None:
        """Fetch until cancelled; a failure keeps the keys that are known."""
        while True:
            try:
                await self.fetch()
            except (Unavailable, InvalidInput) as error:
                log.warning("oidc keys not fetched", issuer=self._issuer.url, error=str(error))
            await asyncio.sleep(self._every.total_seconds())

    async def fetch(self) -> None:
        """Fetch the keys once.

        Raises:
            Unavailable: The issuer does not answer.
            InvalidInput: What it answers is not what OpenID Connect says.
        """
        url = f"{self._issuer.url.rstrip('/')}/.well-known/openid-configuration"
        try:
            discovery = orjson.loads(await self._get(url))
            issuer, keys_url = discovery["issuer"], discovery["jwks_uri"]
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidInput(f"the discovery document of {url} cannot be read") from error
        if issuer != self._issuer.url:
            raise InvalidInput(f"the issuer at {url} calls itself {issuer}")
        self._keys.load(await self._get(str(keys_url)))

    async def _get(self, url: str) -> bytes:
        content = b""
        try:
            async with self._client.stream("GET", url) as response:
                response.raise_for_status()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > _MAX_DOCUMENT:
                        raise InvalidInput(f"{url} answers more than {_MAX_DOCUMENT} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{url} does not answer: {error}") from error
        return content
