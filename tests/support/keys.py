"""Signing keys as instances have them: each with a transparency log, or with a time stamp, too."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from idp.kernel.clock import utc_now
from idp.kernel.trust import PinnedKey, Revocation
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.timestamps.authority import TimestampAuthority, certify
from idp.protocols.signing.timestamps.token import pem_of
from idp.protocols.signing.transparency.log import LoggedKey, MemoryLog


def logged_key(environment: str) -> LoggedKey:
    """A new key of an environment."""
    key = PrivateKey.generate()
    return LoggedKey(key, MemoryLog(key, environment))


class Stamps:
    """A time stamp authority whose clock stands still.

    Args:
        moment: What it shows.
    """

    def __init__(self, moment: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        chain = certify(key, "clock", moment - timedelta(days=1))
        self._authority = TimestampAuthority(key, chain[0], lambda: moment)
        self.certificate = pem_of(chain[0])

    async def stamp(self, signature: bytes) -> bytes:
        """See `TimestampService.stamp`."""
        return self._authority.stamp(signature)


class Stolen:
    """A key that was stolen and revoked; what it signed an hour before is time-stamped.

    Args:
        environment: Whose.
    """

    def __init__(self, environment: str) -> None:
        now = utc_now().replace(microsecond=0)
        stamps, key = Stamps(now - timedelta(hours=2)), PrivateKey.generate()
        self.signer = LoggedKey(key, MemoryLog(key, environment), stamps)
        self.authorities = {"timestamps": [stamps.certificate]}
        revoked = Revocation("the disk was stolen", since=now - timedelta(hours=1))
        self.pins = (
            PinnedKey(key.public_key, revoked=revoked),
            PinnedKey(PrivateKey.generate().public_key, not_before=now),
        )
