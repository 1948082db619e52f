"""Which addresses a message may be sent to: public ones, and networks that the operator allows.

A channel's address is a user's word: see `idp.protocols.addresses`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver, ResolveResult

from idp.kernel.errors import Forbidden, Unavailable
from idp.protocols.addresses import Network, is_public


class Egress:
    """Resolves names to addresses that may be reached.

    Args:
        allowed: Networks that may be reached although they are not public.
    """

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self._allowed: list[Network] = [ipaddress.ip_network(network) for network in allowed]

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a name, each of them permitted.

        Raises:
            Forbidden: One of them is not.
            Unavailable: The name cannot be resolved.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"the name {host} cannot be resolved: {error}") from None
        addresses = list(dict.fromkeys(str(info[4][0]).partition("%")[0] for info in found))
        for address in addresses:
            if not self.permits(address):
                raise Forbidden(
                    f"{host} has the address {address}, which is not public",
                    remedy="Allow its network in the platform's settings "
                    "(`notification_networks` in platform.json), or use a public receiver.",
                )
        return addresses

    def permits(self, address: str) -> bool:
        """Whether an address may be reached."""
        return is_public(address, self._allowed)


class GuardedResolver(AbstractResolver):
    """Gives aiohttp only addresses that may be reached."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve, or raise as `Egress.addresses`."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._egress.addresses(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held."""
