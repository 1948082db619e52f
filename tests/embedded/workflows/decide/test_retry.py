from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idp.embedded.workflows.decide.retry import gives_up, next_attempt_at
from idp.embedded.workflows.spec import RetryStrategy
from idp.kernel.clock import timestamp
from idp.kernel.resource import Manifest

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def attempts(count: int, phase: str = "Failed") -> list[Manifest]:
    """Attempts that took 10 s each, one after another."""
    return [
        {
            "phase": phase,
            "startedAt": timestamp(START + timedelta(seconds=10 * number)),
            "finishedAt": timestamp(START + timedelta(seconds=10 * number + 10)),
        }
        for number in range(count)
    ]


def strategy(**fields: Any) -> RetryStrategy:
    return RetryStrategy.model_validate(fields)


BACKOFF = {"duration": "2", "factor": "3", "cap": "15"}


@pytest.mark.parametrize(
    ("backoff", "count", "seconds"),
    [
        (None, 1, 0),
        ({"duration": "1m"}, 3, 60),
        (BACKOFF, 1, 2),
        (BACKOFF, 2, 6),
        (BACKOFF, 3, 15),
        (BACKOFF, 1000, 15),
        ({"duration": "1h", "factor": "1000"}, 100, 365 * 86400),
    ],
)
def test_the_wait_grows_to_its_cap(
    backoff: dict[str, str] | None, count: int, seconds: int
) -> None:
    ended = START + timedelta(seconds=10 * count)
    due = next_attempt_at(strategy(backoff=backoff).backoff, attempts(count))
    assert due - ended == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("fields", "count", "phase", "why"),
    [
        ({}, 100, "Failed", ""),
        ({"limit": 2}, 2, "Failed", ""),
        ({"limit": "2"}, 3, "Failed", "No more retries left"),
        ({"limit": 0}, 1, "Failed", "No more retries left"),
        ({}, 1, "Error", "not retried (retryPolicy OnFailure)"),
        ({"retryPolicy": "OnError"}, 1, "Error", ""),
        ({"retryPolicy": "OnError"}, 1, "Failed", "not retried (retryPolicy OnError)"),
        ({"retryPolicy": "Always"}, 1, "Error", ""),
        ({"backoff": {"duration": "1", "maxDuration": "30"}}, 2, "Failed", ""),
        (
            {"backoff": {"duration": "11", "maxDuration": "30"}},
            2,
            "Failed",
            "Backoff would exceed max duration limit",
        ),
        (
            {"backoff": {"duration": "1", "maxDuration": "15"}},
            2,
            "Failed",
            "Max duration limit exceeded",
        ),
    ],
)
def test_when_it_gives_up(fields: dict[str, Any], count: int, phase: str, why: str) -> None:
    tried = attempts(count, phase)
    now = START + timedelta(seconds=10 * count)
    assert gives_up(strategy(**fields), tried, now) == why
