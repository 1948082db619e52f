"""A loopback port for every pod.

All pods share the machine's network, so each gets a port of its own in place of its first
containerPort. Ports below the kernel's range for outgoing connections are given out: a port that
waits for its container to start cannot be taken by a connection meanwhile.
"""

from __future__ import annotations

import random
import socket

from idp.kernel.errors import Unavailable

_FIRST, _LAST = 20000, 32767
_ATTEMPTS = 200


class PortAllocator:
    """Gives out ports that nobody listens on and no pod of this engine has."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._random = random.SystemRandom()

    def keep(self, port: int) -> None:
        """A pod has this port already."""
        self._taken.add(port)

    def release(self, port: int) -> None:
        """The pod is gone."""
        self._taken.discard(port)

    def allocate(self) -> int:
        """A free port.

        Raises:
            Unavailable: None was found.
        """
        for _ in range(_ATTEMPTS):
            port = self._random.randint(_FIRST, _LAST)
            if port not in self._taken and _is_free(port):
                self._taken.add(port)
                return port
        raise Unavailable(
            f"no free port was found between {_FIRST} and {_LAST}",
            remedy="End what listens there, or run fewer pods.",
        )


def _is_free(port: int) -> bool:
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((address, port))
        except OSError as error:
            if error.errno not in _NO_IPV6:
                return False
    return True


_NO_IPV6 = frozenset({97, 99})  # EAFNOSUPPORT, EADDRNOTAVAIL: a machine without IPv6
