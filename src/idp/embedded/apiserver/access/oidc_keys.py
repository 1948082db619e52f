"""The public keys of an OpenID Connect issuer: held in memory, fetched by its discovery document.

A request is checked against the keys that are held, so an issuer that is down ends nobody's
session. Keys are fetched at the start, then every few minutes; and at once when a token names a
key that is not held, which is how an issuer's new key is learned. That happens at most once in a
while, however many such tokens are sent.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import orjson
import structlog

from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer, check_url
from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import InvalidInput, MissingPrerequisite, Unavailable

log = structlog.get_logger(__name__)

_MAX_DOCUMENT = 256 * 1024
_MAX_KEYS = 100
_ANSWER_SECONDS = 5.0
"""For one document, from the connection to the last byte."""
_EVERY = timedelta(minutes=5)
_FIRST = timedelta(seconds=2)
_APART = timedelta(seconds=10)
"""Between fetches that tokens cause."""

_FAMILIES = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}


class OidcKey:
    """One public key and the signatures that it may verify."""

    def __init__(self, entry: dict[str, Any]) -> None:
        """Read one entry of a JWKS document.

        Raises:
            jwt.PyJWTError, TypeError, ValueError, KeyError: It is not a public key that we know.
        """
        self._family = _FAMILIES[entry["kty"]]
        key = jwt.PyJWK(entry)
        self.id = key.key_id or ""
        self.key = key.key
        # RSA keys serve every RSA signature unless the issuer says which; a curve has just one.
        self._only = entry.get("alg") or (key.algorithm_name if entry["kty"] != "RSA" else None)

    def verifies(self, algorithm: str) -> bool:
        """Whether a token that says it is signed so may be verified by this key."""
        return algorithm.startswith(self._family) and self._only in (None, algorithm)


class OidcKeys:
    """The public keys of an issuer."""

    def __init__(self, document: bytes = b'{"keys": []}') -> None:
        self._keys: dict[str, OidcKey] = {}
        self.load(document)

    def load(self, document: bytes) -> None:
        """Replace the keys by those of a JWKS document.

        Keys for encryption and of unknown kinds are passed over, as issuers publish such, too.

        Raises:
            InvalidInput: It is not one, or has only such keys; the keys stay as they are.
        """
        try:
            entries = orjson.loads(document)["keys"][:_MAX_KEYS]
            signing = [entry for entry in entries if entry.get("use", "sig") == "sig"]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidInput(f"the issuer's keys cannot be read: {error}") from error
        keys: dict[str, OidcKey] = {}
        for entry in signing:
            try:
                key = OidcKey(entry)
            except (jwt.PyJWTError, TypeError, ValueError, KeyError):
                continue
            keys[key.id] = key
        if signing and not keys:
            raise InvalidInput("none of the issuer's keys can be read")
        self._keys = keys

    def find(self, key_id: str) -> OidcKey | None:
        """The key of an id; the only key when a token names none."""
        if not key_id and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def __len__(self) -> int:
        return len(self._keys)


class OidcKeyRefresh:
    """Fetches an issuer's keys: now and then, and when a new one is wanted."""

    def __init__(
        self,
        issuer: OidcIssuer,
        keys: OidcKeys,
        client: httpx.AsyncClient,
        *,
        every: timedelta = _EVERY,
        first: timedelta = _FIRST,
        clock: Clock = utc_now,
    ) -> None:
        """Compose.

        Args:
            issuer: Whose keys.
            keys: Where they are kept.
            client: Reaches the issuer; must not follow redirects.
            every: Between two fetches.
            first: Between two attempts as long as no key is known.
            clock: Tells the time.
        """
        self._issuer = issuer
        self._keys = keys
        self._client = client
        self._every = every
        self._first = first
        self._clock = clock
        self._fetching = asyncio.Lock()
        self._fetched: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start fetching; the server is ready without."""
        self._task = asyncio.create_task(self._run(), name="apiserver-oidc-keys")

    async def stop(self) -> None:
        """Stop, and close the connections to the issuer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._client.aclose()

    async def _run(self) -> None:
        while True:
            await self._attempt()
            known = len(self._keys) > 0
            await asyncio.sleep((self._every if known else self._first).total_seconds())

    async def learn(self, key_id: str) -> None:
        """Fetch now if a key is not known, unless that was done a moment ago. Never fails."""
        if self._keys.find(key_id) is not None:
            return
        async with self._fetching:
            # Others who waited for the same key have fetched it meanwhile.
            if self._keys.find(key_id) is None and self._may_fetch():
                await self._attempt_locked()

    def _may_fetch(self) -> bool:
        if self._fetched is None:
            return True
        # A clock that was set back must not keep new keys out.
        return not timedelta(0) <= self._clock() - self._fetched < _APART

    async def _attempt(self) -> None:
        async with self._fetching:
            await self._attempt_locked()

    async def _attempt_locked(self) -> None:
        """Fetch; a failure keeps the keys that are known."""
        self._fetched = self._clock()
        try:
            await self.fetch()
        except (Unavailable, InvalidInput) as error:
            log.warning("oidc keys not fetched", issuer=self._issuer.url, error=str(error))

    async def fetch(self) -> None:
        """Fetch the keys once.

        Raises:
            Unavailable: The issuer does not answer.
            InvalidInput: What it answers is not what OpenID Connect says.
        """
        # https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
        url = f"{self._issuer.url.rstrip('/')}/.well-known/openid-configuration"
        try:
            discovery = orjson.loads(await self._get(url))
            issuer, keys_url = discovery["issuer"], str(discovery["jwks_uri"])
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidInput(f"the discovery document of {url} cannot be read") from error
        if issuer != self._issuer.url:
            raise InvalidInput(f"the issuer at {url} calls itself {issuer}")
        check_url(keys_url)
        self._keys.load(await self._get(keys_url))

    async def _get(self, url: str) -> bytes:
        content = b""
        try:
            async with (
                asyncio.timeout(_ANSWER_SECONDS),
                self._client.stream("GET", url) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise Unavailable(f"{url} answers {response.status_code}")
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > _MAX_DOCUMENT:
                        raise InvalidInput(f"{url} answers more than {_MAX_DOCUMENT} bytes")
        except TimeoutError as error:
            raise Unavailable(f"{url} does not answer within {_ANSWER_SECONDS:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{url} does not answer: {error}") from error
        return content


def issuer_client(authority: Path | None) -> httpx.AsyncClient:
    """A client for an issuer's documents.

    Args:
        authority: File of the certificates that verify it; None for those of the system.

    Raises:
        MissingPrerequisite: The file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise MissingPrerequisite(
            f"the certificates of the OpenID Connect issuer in {authority} cannot be read: {error}",
            remedy="Name a PEM file with --oidc-ca-file.",
        ) from error
    return httpx.AsyncClient(verify=context, timeout=_ANSWER_SECONDS, follow_redirects=False)
