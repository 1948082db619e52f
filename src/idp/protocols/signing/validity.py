"""Whether a key might sign when it did. Pure.

Rules:
1. A key without limits always counts.
2. The time of a signature is what somebody vouches for: an RFC 3161 time stamp of a pinned
   authority, else the signed time of the log entry. Without either, it is taken to be made now.
3. The time lies within the key's notBefore and notAfter, both included.
4. A revoked key counts for nothing; when it was revoked since a time, what was signed before that
   still counts. That must be proved by a time stamp: the log is signed by the same key, and whoever
   stole it could date an entry back.
5. A time in the future proves nothing, beyond `SKEW` by which clocks may differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.kernel.clock import timestamp
from idp.kernel.errors import VerificationFailed
from idp.kernel.trust import PinnedKey, Revocation

SKEW = timedelta(minutes=5)
"""As much as clocks of machines may commonly differ (RFC 4120 section 1.6)."""


@dataclass(frozen=True, slots=True)
class Moments:
    """What is known of the time of a signature.

    Attributes:
        now: The present.
        logged: As the signer's log signed it; None when it did not.
        stamped: As a pinned time stamp authority signed it; None when none did.
    """

    now: datetime
    logged: datetime | None = None
    stamped: datetime | None = None


def signed_at(moments: Moments) -> datetime:
    """When a signature was made, as far as it is proved.

    Raises:
        VerificationFailed: Rule 5 is broken.
    """
    proved = moments.stamped or moments.logged or moments.now  # Rule 2
    for what, moment in (("time stamp", moments.stamped), ("log entry", moments.logged)):
        if moment is not None and moment > moments.now + SKEW:  # Rule 5
            raise VerificationFailed(
                f"its {what} is of {timestamp(moment)}, which is yet to come",
                remedy="Set the clock of this machine, or find out who signs with another one.",
            )
    return proved


def require_valid(name: str, key: PinnedKey, moments: Moments) -> None:
    """Check that a holder's key might sign at that time.

    Raises:
        VerificationFailed: A rule is broken.
    """
    if not key.bounded:  # Rule 1
        return
    moment = signed_at(moments)
    if key.not_before is not None and moment < key.not_before:  # Rule 3
        raise VerificationFailed(
            f"the key of {name} counts from {timestamp(key.not_before)} on, it signed before"
        )
    if key.not_after is not None and moment > key.not_after:
        proof = "" if moments.stamped or moments.logged else ", and nothing proves that it is older"
        raise VerificationFailed(
            f"the key of {name} was valid until {timestamp(key.not_after)}{proof}",
            remedy="Sign it again with the present key.",
        )
    if key.revoked is not None:
        _require_before(name, key.revoked, moments)


def _require_before(name: str, revoked: Revocation, moments: Moments) -> None:  # Rule 4
    why = f"the key of {name} was revoked: {revoked.reason}"
    remedy = "Build the commit again: it is signed with the present key."
    if revoked.since is None:
        raise VerificationFailed(why, remedy=remedy)
    since = timestamp(revoked.since)
    if moments.stamped is None:
        raise VerificationFailed(
            f"{why}; no time stamp proves that it signed before {since}", remedy=remedy
        )
    if moments.stamped >= revoked.since:
        raise VerificationFailed(
            f"{why}; it signed on {timestamp(moments.stamped)}, not before {since}", remedy=remedy
        )
