"""How often somebody may try to sign in. A pause per user name is in `users.py`; this one holds
for whoever tries many names, and keeps password checks, slow on purpose, from taking the machine.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from idp.kernel.errors import TooManyRequests

BURST = 20
PER_SECOND = 0.5
_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class SignInLimit:
    """A bucket of attempts per address: `burst` at once, then `per_second`."""

    def __init__(
        self,
        burst: int = BURST,
        per_second: float = PER_SECOND,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._now = now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def failed(self, address: str) -> None:
        """Count a wrong attempt from an address."""
        self._bucket(address).tokens -= 1

    def demand(self, address: str) -> None:
        """Demand that an address may try now.

        Raises:
            TooManyRequests: It failed too often.
        """
        bucket = self._bucket(address)
        if bucket.tokens < 1:
            wait = (1 - bucket.tokens) / self._per_second
            raise TooManyRequests(
                "too many wrong attempts to sign in from this address",
                remedy=f"Try again in {max(wait, 1):.0f} s.",
            )

    def _bucket(self, address: str) -> _Bucket:
        now = self._now()
        bucket = self._buckets.setdefault(address, _Bucket(self._burst, now))
        self._buckets.move_to_end(address)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled) * self._per_second)
        bucket.filled = now
        return bucket
