"""Calls that gates make to hosts outside, and to no others.

What a URL may reach, in the order in which it is checked (server-side request forgery):

1. Its host and port are among `egress` of the PromotionPipeline, letter by letter.
2. It is https, unless that entry is `private`.
3. Every address that the name resolves to is public, or, where the entry is `private`, loopback or
   private; link-local ones, where clouds keep credentials, are never called.
4. The connection goes to an address that was checked, whatever the name resolves to by then.
5. Redirects are not followed, proxies of the process's environment are not used, and of an answer
   64 KiB are read, within one deadline for everything.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from idp.capabilities.environments.kinds import Egress
from idp.kernel.errors import DeadlineExceeded, Forbidden, InvalidInput, TooLarge, Unavailable
from idp.protocols.addresses import is_public, leads_to

ANSWER_BYTES = 64 * 1024
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the HTTP status, and the body as JSON values (None when it has none)."""

    status: int
    body: Any


async def call(
    method: str,
    url: str,
    egress: Sequence[Egress],
    *,
    headers: Mapping[str, str],
    content: bytes | None = None,
    seconds: float = 10.0,
) -> Answer:
    """Call a URL.

    Args:
        method: Of HTTP.
        url: With its query.
        egress: Hosts that may be called.
        headers: Further ones; values are not logged.
        content: Body as JSON text.
        seconds: For everything together.

    Raises:
        Forbidden: The URL may not be called.
        TooLarge: The answer is over 64 KiB.
        InvalidInput: The answer is no JSON, or refuses the request (a status of 4xx).
        DeadlineExceeded: It took too long.
        Unavailable: It cannot be reached, or answers 429 or 5xx.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        async with asyncio.timeout(seconds):
            address = await _checked_address(url, egress)
            port = parts.port or _PORTS[parts.scheme]
            target = httpx.URL(url).copy_with(host=address, port=port)
            sent = {"Host": parts.netloc, "Accept": "application/json", **headers}
            async with (
                httpx.AsyncClient(timeout=seconds, trust_env=False) as http,
                http.stream(
                    method,
                    target,
                    headers=sent,
                    content=content,
                    extensions={"sni_hostname": host},
                ) as response,
            ):
                return _answer(host, response.status_code, await _read(host, response))
    except TimeoutError:
        raise DeadlineExceeded(f"{host} did not answer within {seconds:g} s") from None
    except (httpx.HTTPError, OSError) as error:
        raise Unavailable(f"{host} cannot be reached: {type(error).__name__}") from error


async def _checked_address(url: str, egress: Sequence[Egress]) -> str:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or parts.username is not None:
        raise Forbidden("only http and https URLs without credentials in them are called")
    entry = next((e for e in egress if e.host == parts.netloc.lower()), None)
    if entry is None:  # 1
        raise Forbidden(
            f"{parts.netloc} is not among the hosts that gates may talk to",
            remedy="Add it to `spec.egress` of the PromotionPipeline, if it should be.",
        )
    if parts.scheme != "https" and not entry.private:  # 2
        raise Forbidden(
            f"{parts.netloc} would be asked without TLS", remedy="Use https in the gate's URL."
        )
    port = parts.port or _PORTS[parts.scheme]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise Unavailable(f"{parts.hostname} has no address: {error.strerror}") from error
    addresses = [str(info[4][0]) for info in found]
    for address in addresses:
        if not may_reach(address, private=entry.private):  # 3
            raise Forbidden(
                f"{parts.hostname} is at {address}, which gates may not reach",
                remedy="Set `private: true` of its `spec.egress` entry for a service in your own "
                "network.",
            )
    return addresses[0]  # 4


def may_reach(address: str, *, private: bool) -> bool:
    """Whether an address may be called. Pure."""
    ip = leads_to(address)
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    return private or is_public(address)


async def _read(host: str, response: httpx.Response) -> bytes:
    text = b""
    async for part in response.aiter_bytes():
        text += part
        if len(text) > ANSWER_BYTES:
            raise TooLarge(f"{host} answered more than {ANSWER_BYTES // 1024} KiB")
    return text


def _answer(host: str, status: int, text: bytes) -> Answer:
    if status == 429 or status >= 500:
        raise Unavailable(f"{host} answered {status}")
    if not 200 <= status < 300:
        raise InvalidInput(
            f"{host} answered {status}",
            remedy="See what it wants: its address, the secret's credentials, its own log.",
        )
    try:
        return Answer(status, orjson.loads(text) if text else None)
    except orjson.JSONDecodeError:
        raise InvalidInput(f"{host} answered something else than JSON") from None
