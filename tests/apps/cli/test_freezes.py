from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from idp.apps.cli.freezes import freeze_of, row
from idp.capabilities.promotion.kinds import Freeze
from idp.kernel.errors import InvalidInput


def freeze(**changes: Any) -> dict[str, Any]:
    what: dict[str, Any] = {
        "reason": "audit",
        "start": None,
        "until": datetime.fromisoformat("2026-12-01T18:00"),
        "applications": [],
        "namespaces": [],
    }
    return freeze_of("audit", "grace", **{**what, **changes})


def test_times_are_utc_and_the_kind_takes_it() -> None:
    body = freeze(start=datetime.fromisoformat("2026-11-30"), applications=["shop"])
    assert Freeze.parse(body).spec.until.isoformat() == "2026-12-01T18:00:00+00:00"
    assert body["spec"]["start"] == "2026-11-30T00:00:00Z"


def test_it_cannot_end_before_it_begins() -> None:
    with pytest.raises(InvalidInput, match="before it begins"):
        freeze(start=datetime.fromisoformat("2026-12-02"))


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-11-29T00:00:00Z", "to come"),
        ("2026-11-30T00:00:00Z", "on"),
        ("2026-12-01T18:00:00Z", "over"),
    ],
)
def test_the_list_says_whether_it_is_on(now: str, state: str) -> None:
    body = freeze(start=datetime.fromisoformat("2026-11-30"), namespaces=["demo"])
    found = row(body, now)
    assert (found["state"], found["applies"]) == (state, "demo")
    assert row(freeze(), now)["applies"] == "everything"
