from __future__ import annotations

import pytest

from idp.apps.hub.web.rate_limit import SignInLimit
from idp.kernel.errors import TooManyRequests


def test_a_burst_then_a_pause_per_address() -> None:
    now = 0.0
    limit = SignInLimit(burst=3, per_second=0.5, now=lambda: now)
    for _ in range(3):
        limit.demand("one")
        limit.failed("one")
    with pytest.raises(TooManyRequests) as refused:
        limit.demand("one")
    assert refused.value.remedy == "Try again in 2 s."
    limit.demand("other")
    now = 2.0
    limit.demand("one")


def test_who_signs_in_rightly_is_never_slowed_down() -> None:
    limit = SignInLimit(burst=1, per_second=0.001)
    for _ in range(100):
        limit.demand("one")
