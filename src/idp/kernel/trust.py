"""Whose signatures count, and for how long: public keys that a verifier has pinned. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Revocation:
    """That a key is not to be trusted any more.

    Attributes:
        reason: Why, for people.
        since: Signatures proved to be older still count; None when no signature counts at all.
    """

    reason: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A public key and the time in which it may sign.

    Attributes:
        public_key: PEM text (SubjectPublicKeyInfo).
        not_before: From when on; None for always.
        not_after: Until when; None for no end.
        revoked: None while it is trusted.
    """

    public_key: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    revoked: Revocation | None = None

    @property
    def bounded(self) -> bool:
        """Whether it matters when a signature was made."""
        return (self.not_before, self.not_after, self.revoked) != (None, None, None)


Keys = Mapping[str, str | Sequence[PinnedKey]]
"""Name of a holder -> PEM text of the one key that always counts, or several keys in the order of
their rotation."""


def pinned_keys(keys: Keys, holder: str) -> list[PinnedKey]:
    """All keys of a holder; none when it has none."""
    found = keys.get(holder, ())
    return [PinnedKey(found)] if isinstance(found, str) else list(found)
