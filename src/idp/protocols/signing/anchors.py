"""Everything that a verifier trusts beforehand. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from idp.kernel.trust import Keys
from idp.protocols.signing.certificates import Identity


@dataclass(frozen=True, slots=True)
class Anchors:
    """Where trust begins.

    Attributes:
        keys: Of those who sign with a key, and of the logs that have the same key.
        identities: Those who sign by signing in.
        certificate_authorities: Who may certify identities; PEM text of certificates.
        timestamp_authorities: Whose clock is trusted; PEM text of certificates.
    """

    keys: Keys
    identities: tuple[Identity, ...] = ()
    certificate_authorities: tuple[str, ...] = ()
    timestamp_authorities: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """All who are trusted, sorted."""
        return sorted({*self.keys, *(identity.name for identity in self.identities)})

    def only(self, *holders: str) -> Anchors:
        """The keys of some holders alone; whose clock is trusted stays the same."""
        keys = {name: self.keys[name] for name in holders if name in self.keys}
        return replace(self, keys=keys, identities=())


Trust = Keys | Anchors
"""What is trusted: keys alone, or keys and authorities."""


def anchors_of(trust: Trust) -> Anchors:
    """The anchors; keys alone are anchors without authorities."""
    return trust if isinstance(trust, Anchors) else Anchors(trust)
