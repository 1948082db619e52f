"""An application through the gateway of the instance, as its users see it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.client import Client, get_or_none

ANSWER_SECONDS = 5.0
MEASURING_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a series of requests came to.

    Attributes:
        requests: How many were made.
        errors: How many were answered neither by 2xx nor 3xx.
        p95_milliseconds: 95th percentile of the time until an answer's head, errors included.
    """

    requests: int
    errors: int
    p95_milliseconds: float

    @property
    def error_ratio(self) -> float:
        """Share of errors, 0 to 1."""
        return self.errors / self.requests if self.requests else 1.0


class Gateway:
    """Asks applications at the loopback address.

    Args:
        client: Of the instance.
        environment: Its name.
        port: Where its gateway listens.
    """

    def __init__(self, client: Client, *, environment: str, port: int) -> None:
        self._client = client
        self._environment = environment
        self._port = port

    async def host(self, namespace: str, application: str) -> str | None:
        """Host and port that a user would type; None when there is no such application."""
        found = await get_or_none(self._client, WebApplication.type(), application, namespace)
        if found is None:
            return None
        url = (found.get("status") or {}).get("url", "")
        default = f"{application}.{self._environment}.localhost:{self._port}"
        return urlsplit(url).netloc or default

    async def running(self, namespace: str, application: str) -> str:
        """The image that serves; empty when none does."""
        found = await get_or_none(self._client, WebApplication.type(), application, namespace)
        return str(((found or {}).get("status") or {}).get("image") or "")

    async def measure(self, host: str, path: str, requests: int) -> Measurement:
        """Ask one after the other, for a minute at most; the first request is not counted."""
        url = f"http://127.0.0.1:{self._port}{path}"
        taken: list[float] = []
        errors, end = 0, time.monotonic() + MEASURING_SECONDS
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as http:
            await _good(http, url, host)  # connections and caches
            while len(taken) < requests and (not taken or time.monotonic() < end):
                start = time.monotonic()
                errors += 0 if await _good(http, url, host) else 1
                taken.append((time.monotonic() - start) * 1000)
        taken.sort()
        return Measurement(len(taken), errors, round(taken[int(0.95 * (len(taken) - 1))], 3))


async def _good(http: httpx.AsyncClient, url: str, host: str) -> bool:
    try:
        async with http.stream("GET", url, headers={"Host": host}) as response:
            return 200 <= response.status_code < 400
    except httpx.HTTPError:
        return False
