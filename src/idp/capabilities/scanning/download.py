"""Fetches an advisory export from an address that somebody gave.

Rules:
1. Only HTTPS with a valid certificate, at every hop.
2. Only public addresses, checked where the connection is made, so that no name and no redirect
   leads into this machine or its network.
3. At most `MAX_REDIRECTS` hops, `MAX_BYTES` bytes and `TIMEOUT_SECONDS` between two pieces.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from idp.capabilities.scanning.sources import SUFFIXES
from idp.kernel.errors import Forbidden, InvalidInput, TooLarge, Unavailable
from idp.protocols.addresses import is_public

MAX_REDIRECTS = 5
MAX_BYTES = 2 * 2**30
TIMEOUT_SECONDS = 60.0
_REDIRECTS = {301, 302, 303, 307, 308}


class PublicAddresses(AbstractResolver):
    """Resolves names to public addresses only, and to those of networks that are allowed."""

    def __init__(self, inner: AbstractResolver, allowed: Sequence[str] = ()) -> None:
        self._inner = inner
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve; a name of which any address is not public is refused."""
        found = await self._inner.resolve(host, port, family)
        for result in found:
            require_public(result["host"], self._allowed)
        return found

    async def close(self) -> None:
        """Close the resolver behind."""
        await self._inner.close()


def require_public(address: str, allowed: Sequence[str] = ()) -> None:
    """Refuse an IP address that is neither public nor in an allowed network.

    Raises:
        Forbidden: It is loopback, private, link-local, multicast or reserved.
    """
    if not is_public(address, [ipaddress.ip_network(network) for network in allowed]):
        raise Forbidden(
            f"{address} is not a public address, so nothing is asked there",
            remedy="For advisories, download the file yourself and import it as a file.",
        )


async def download(url: str, folder: Path) -> Path:
    """Fetch an export.

    Args:
        url: An `https://` address of a `.json`, `.jsonl` or `.zip` file.
        folder: Where to; the file keeps its suffix.

    Raises:
        InvalidInput: The address is not one of those.
        Forbidden: It leads to an address that is not public.
        TooLarge: The file is over the limit.
        Unavailable: It cannot be had now.
    """
    connector = aiohttp.TCPConnector(resolver=PublicAddresses(aiohttp.ThreadedResolver()))
    async with aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=None, sock_read=TIMEOUT_SECONDS)
    ) as session:
        return await fetch(session, URL(url), folder)


async def fetch(session: aiohttp.ClientSession, url: URL, folder: Path) -> Path:
    """Fetch over a given session, following redirects by hand."""
    for _ in range(MAX_REDIRECTS + 1):
        _require_allowed(url)
        try:
            async with session.get(url, allow_redirects=False) as response:
                if response.status in _REDIRECTS:
                    url = url.join(URL(response.headers.get("Location", "")))
                    continue
                if response.status != 200:
                    raise Unavailable(f"{url} answers {response.status}")
                return await _save(response, folder / f"export{PurePosixPath(url.path).suffix}")
        except aiohttp.ClientError as error:
            raise Unavailable(f"{url} cannot be fetched: {_reason(error)}") from error
        except TimeoutError as error:
            raise Unavailable(f"{url} does not answer in time") from error
    raise Unavailable(f"{url} redirects more than {MAX_REDIRECTS} times")


def _require_allowed(url: URL) -> None:
    if url.scheme != "https" or url.host is None or url.user is not None:  # Rule 1
        raise InvalidInput(f"{url.scheme}://{url.host} is not an https address without credentials")
    if PurePosixPath(url.path).suffix not in SUFFIXES:
        raise InvalidInput(f"the address must end in {', '.join(SUFFIXES)}")
    try:
        ipaddress.ip_address(url.host)
    except ValueError:
        return  # a name: checked when it is resolved
    require_public(url.host)  # Rule 2: the resolver is not asked for addresses


async def _save(response: aiohttp.ClientResponse, path: Path) -> Path:
    size = 0
    with path.open("wb") as file:
        async for chunk in response.content.iter_chunked(2**18):
            size += len(chunk)
            if size > MAX_BYTES:
                raise TooLarge(f"{response.url} has more than {MAX_BYTES} bytes")
            file.write(chunk)
    return path


def _reason(error: Any) -> str:
    return str(error) or type(error).__name__
