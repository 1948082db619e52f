"""How commands reach the platform: through the hub, as a user who signed in."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from idp.apps.platform.files import read_json, write_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import PlatformSettings, require_settings
from idp.kernel.errors import Unauthorized, Unavailable, from_kubernetes_status
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import ConnectionSettings

CURRENT = "current.json"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session as it is kept in the data folder.

    Attributes:
        user: Who it is.
        token: Bearer token.
        groups: The user's groups.
    """

    user: str
    token: str
    groups: tuple[str, ...]


def save_session(layout: Layout, session: dict[str, Any], *, current: bool = True) -> None:
    """Keep what the hub answered to a sign-in; `current` makes it the default."""
    user = session["user"]
    write_json(layout.sessions / f"{user}.json", session)
    if current:
        write_json(layout.sessions / CURRENT, {"user": user})


def load_session(layout: Layout, user: str | None = None) -> SignedIn:
    """The session of a user; None takes who signed in last.

    Raises:
        Unauthorized: Nobody did, or not this user.
    """
    if user is None:
        user = (read_json(layout.sessions / CURRENT) or {}).get("user")
    session = read_json(layout.sessions / f"{user}.json") if user else None
    if session is None:
        who = f"{user} is not signed in" if user else "nobody is signed in"
        raise Unauthorized(who, remedy=f"Sign in: `idp-cli login {user or 'NAME'}`.")
    return SignedIn(session["user"], session["token"], tuple(session["groups"]))


class Platform:
    """The hub and, through it, the instances."""

    def __init__(
        self, layout: Layout, settings: PlatformSettings, session: SignedIn | None
    ) -> None:
        self.layout = layout
        self.settings = settings
        self.session = session
        self._http = aiohttp.ClientSession()
        self._clients: dict[str, HttpClient] = {}

    @property
    def environments(self) -> tuple[str, ...]:
        """In the order of promotion."""
        return tuple(self.settings.instances)

    @property
    def user(self) -> str:
        """Who is signed in."""
        assert self.session is not None
        return self.session.user

    def instance(self, environment: str) -> HttpClient:
        """The Kubernetes API of an instance.

        Raises:
            NotFound: There is no such environment.
        """
        from idp.kernel.errors import NotFound

        if environment not in self.settings.instances:
            raise NotFound(
                f"there is no environment {environment!r}",
                remedy=f"The environments are {', '.join(self.environments)}.",
            )
        if environment not in self._clients:
            self._clients[environment] = HttpClient(
                ConnectionSettings(
                    server=f"{self.settings.hub_url}/instances/{environment}",
                    token=self.session.token if self.session else None,
                )
            )
        return self._clients[environment]

    async def hub(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the hub's own API; gives the answer's JSON, None when it is empty.

        Raises:
            IdpError: What the hub answered; `Unavailable` when it does not answer.
        """
        headers = {"Content-Type": "application/json"}
        if self.session is not None:
            headers["Authorization"] = f"Bearer {self.session.token}"
        url = f"{self.settings.hub_url}/api/v1{path}"
        data = None if body is None else orjson.dumps(body)
        try:
            async with self._http.request(method, url, data=data, headers=headers) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(
                f"the hub does not answer: {error}",
                remedy="Start the platform with `idp-cli up`; `idp-cli status` shows what runs.",
            ) from error
        content = orjson.loads(answer) if answer else None
        if response.status >= 400:
            raise from_kubernetes_status({"code": response.status, **(content or {})})
        return content

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()
        for client in self._clients.values():
            await client.close()


@contextlib.asynccontextmanager
async def connect(
    layout: Layout, user: str | None = None, *, anonymous: bool = False
) -> AsyncIterator[Platform]:
    """Reach the platform as a user who signed in; `anonymous` is for signing in itself."""
    settings = require_settings(layout)
    session = None if anonymous else load_session(layout, user)
    platform = Platform(layout, settings, session)
    try:
        yield platform
    finally:
        await platform.close()
