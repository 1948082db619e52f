"""Which IP addresses may be asked in the name of somebody whose word an address is.

An instance reaches what such a person cannot: its own loopback, the cloud's metadata service, the
private network. Whoever calls out resolves the name first, asks here about every address that it
has, and connects to what was checked, never to a second answer. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def leads_to(text: str) -> Address:
    """The IPv4 address that an IPv6 one leads to, or the address itself.

    Args:
        text: An address as resolvers give it; a zone (`%eth0`) is passed over.

    Raises:
        ValueError: It is no address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(text: str, allowed: Iterable[Network] = ()) -> bool:
    """Whether an address is public, or in a network that is allowed although it is not."""
    address = leads_to(text)
    if any(address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast
