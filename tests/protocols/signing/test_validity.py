"""When a key counts: a table of keys, proved times and outcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from idp.kernel.errors import VerificationFailed
from idp.kernel.trust import PinnedKey, Revocation
from idp.protocols.signing.validity import SKEW, Moments, require_valid, signed_at

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EXPIRED = PinnedKey("", NOW - 10 * DAY, NOW - 2 * DAY)
STOLEN = PinnedKey("", revoked=Revocation("it was stolen", NOW - 2 * DAY))
GONE = PinnedKey("", revoked=Revocation("it was stolen"))


@pytest.mark.parametrize(
    ("key", "logged", "stamped", "refusal"),
    [
        (PinnedKey(""), None, None, ""),
        (PinnedKey("", NOW - DAY, NOW + DAY), None, None, ""),
        (PinnedKey("", NOW + DAY), None, None, "it signed before"),
        (EXPIRED, None, None, "nothing proves that it is older"),
        (EXPIRED, NOW - 3 * DAY, None, ""),
        (EXPIRED, NOW - 2 * DAY, None, ""),
        (EXPIRED, NOW - DAY, None, "was valid until"),
        (EXPIRED, NOW - 11 * DAY, None, "it signed before"),
        (EXPIRED, None, NOW - 3 * DAY, ""),
        # The time stamp is somebody else's word, so it goes before the log's.
        (EXPIRED, NOW - 3 * DAY, NOW - DAY, "was valid until"),
        (GONE, NOW - 9 * DAY, NOW - 9 * DAY, "it was stolen"),
        (STOLEN, None, NOW - 3 * DAY, ""),
        (STOLEN, None, NOW - 2 * DAY, "not before"),
        (STOLEN, NOW - 3 * DAY, None, "no time stamp proves"),
        (STOLEN, None, None, "no time stamp proves"),
    ],
)
def test_a_key_counts_in_its_time(
    key: PinnedKey, logged: datetime | None, stamped: datetime | None, refusal: str
) -> None:
    moments = Moments(NOW, logged, stamped)
    if not refusal:
        require_valid("staging", key, moments)
        return
    with pytest.raises(VerificationFailed, match=refusal):
        require_valid("staging", key, moments)


@pytest.mark.parametrize("field", ["logged", "stamped"])
def test_clocks_may_differ_a_little_and_no_more(field: str) -> None:
    late = Moments(NOW, **{field: NOW + SKEW})
    assert signed_at(late) == NOW + SKEW
    with pytest.raises(VerificationFailed, match="yet to come"):
        signed_at(Moments(NOW, **{field: NOW + SKEW + timedelta(seconds=1)}))
