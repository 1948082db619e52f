"""HTTP with the guard of addresses, without redirects, proxies or cookies."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from yarl import URL

from idp.capabilities.notifications.clients.egress import Egress, GuardedResolver
from idp.kernel.errors import Forbidden, IdpError, InvalidInput, Unavailable

SECONDS = 15.0
_RETRYABLE = (408, 409, 425, 429)


class HttpPoster:
    """Opens a connection for each message: they are few, and nothing is kept open meanwhile."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """See `ports.Poster`. No message says the whole address: it may be a secret."""
        try:
            target = URL(url)
            host, port = target.host, target.port
        except ValueError:
            host = port = None
        if host is None or port is None or target.scheme not in ("http", "https") or target.user:
            raise InvalidInput(
                "the channel's address is no http or https URL",
                remedy="Correct the channel's `url`, or the value in its Secret.",
            )
        addresses = await self._egress.addresses(host, port)  # aiohttp asks no resolver for numbers
        if target.scheme == "http" and any(Egress().permits(address) for address in addresses):
            raise Forbidden(
                f"{host} is public and the address is not https: messages would be readable",
                remedy="Use the receiver's https address.",
            )
        connector = aiohttp.TCPConnector(resolver=GuardedResolver(self._egress))
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
                ) as session,
                session.post(
                    target, data=body, headers=dict(headers), allow_redirects=False
                ) as response,
            ):
                status = response.status
        except IdpError:
            raise
        except TimeoutError:
            raise Unavailable(f"{host} did not answer within {SECONDS:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"{host} cannot be reached: {type(error).__name__}") from None
        if not 200 <= status < 300:
            raise _refusal(host, status)


def _refusal(host: str, status: int) -> IdpError:
    if status in _RETRYABLE or status >= 500:
        return Unavailable(f"{host} answered {status}")
    return InvalidInput(
        f"{host} refused the message with {status}",
        remedy="Compare the channel's address and secret with what the receiver expects.",
    )
