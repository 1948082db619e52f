"""Tokens of an outside OpenID Connect issuer, such as a company's single sign-on.

Verifying takes no I/O; a token of a key that is not held is given a chance by `learn` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jwt

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer
from idp.embedded.apiserver.access.oidc_keys import OidcKeyRefresh, OidcKeys, issuer_client
from idp.kernel.clock import Clock, utc_now


class OidcTokens:
    """Verifies the tokens of one issuer."""

    def __init__(
        self,
        issuer: OidcIssuer,
        keys: OidcKeys,
        refresh: OidcKeyRefresh | None = None,
        *,
        clock: Clock = utc_now,
    ) -> None:
        """Compose.

        Args:
            issuer: Whose tokens.
            keys: Its keys.
            refresh: Fetches new ones; None when the keys stay as they are.
            clock: Tells the time.
        """
        self._issuer = issuer
        self._keys = keys
        self._refresh = refresh
        self._clock = clock

    @classmethod
    def of(cls, issuer: OidcIssuer, *, clock: Clock = utc_now) -> OidcTokens:
        """Verify by the keys that an issuer publishes.

        Raises:
            MissingPrerequisite: The certificates that verify the issuer cannot be read.
        """
        keys = OidcKeys()
        refresh = OidcKeyRefresh(issuer, keys, issuer_client(issuer.authority), clock=clock)
        return cls(issuer, keys, refresh, clock=clock)

    def start(self) -> None:
        """Start fetching keys."""
        if self._refresh is not None:
            self._refresh.start()

    async def stop(self) -> None:
        """Stop fetching keys."""
        if self._refresh is not None:
            await self._refresh.stop()

    async def learn(self, token: str) -> None:
        """Fetch the key that a token of this issuer is signed by, if it is new."""
        if self._refresh is not None and self._says_it_is_ours(token):
            await self._refresh.learn(_header(token).get("kid") or "")

    def _says_it_is_ours(self, token: str) -> bool:
        """Whether an unverified token names our issuer, so that others cause no fetch."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            return False
        return bool(claims.get("iss") == self._issuer.url)

    def user_for(self, token: str, audiences: Sequence[str] = ()) -> UserInfo | None:
        """The user of a valid token; None for any other, and always with `audiences`."""
        if audiences:
            return None
        header = _header(token)
        algorithm, key = header.get("alg"), self._keys.find(header.get("kid") or "")
        if key is None or algorithm not in self._issuer.algorithms or not key.verifies(algorithm):
            return None
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=self._issuer.audience,
                issuer=self._issuer.url,
                options={
                    "require": ["iss", "aud", "exp"],
                    "verify_exp": False,  # compared below, with our clock
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_sub": False,
                },
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        now = self._clock().timestamp()
        try:
            if not float(claims.get("nbf", 0)) <= now < float(claims["exp"]):
                return None
        except (TypeError, ValueError):
            return None
        return self._issuer.user(claims)


def _header(token: str) -> dict[str, str]:
    """The texts in the unverified header of a token; empty for what is no token."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return {}
    return {name: value for name, value in header.items() if isinstance(value, str)}
