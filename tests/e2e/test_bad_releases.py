"""A release that does not come up stops at `confirm`; the version before serves on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from support.applications import ANOTHER_PORT, CRASHING, NEVER_READY, Application
from support.platform import Platform
from support.traffic import Traffic, traffic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SECONDS = 120
ROLLOUT_DEADLINE = 15
BAD = {"crashing": CRASHING, "unready": NEVER_READY, "elsewhere": ANOTHER_PORT}


@dataclass
class Attempt:
    """A bad release and what came of it.

    Attributes:
        application: With a good version before.
        promotion: Of the bad version, as it ended.
        seen: What users were answered meanwhile.
    """

    application: Application
    promotion: dict[str, Any]
    seen: Traffic

    @property
    def message(self) -> str:
        """Why it failed."""
        return str(self.promotion["status"]["message"])


@pytest.fixture(scope="module")
def attempts(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Attempt]]:
    """Three applications, each good once and bad after that, side by side."""
    folder = tmp_path_factory.mktemp("bad")
    applications = {name: Application(platform, folder / name, name) for name in BAD}
    platform.set_pipeline("development", rolloutDeadlineSeconds=ROLLOUT_DEADLINE)
    try:
        good = {a.name: _push(a, "good") for a in applications.values()}
        for name, commit in good.items():
            _until(applications[name], commit, "Succeeded")
        with ExitStack() as stack:
            seen = {n: stack.enter_context(traffic(platform, n, "development")) for n in BAD}
            bad = {a.name: _push(a, "bad", BAD[a.name]) for a in applications.values()}
            ended = {n: _until(applications[n], commit, "Failed") for n, commit in bad.items()}
            for name, commit in good.items():
                _until_it_runs(applications[name], commit)
        yield {n: Attempt(applications[n], ended[n], seen[n]) for n in BAD}
    finally:
        platform.set_pipeline("development", rolloutDeadlineSeconds=None)


def _push(application: Application, version: str, program: str | None = None) -> str:
    arguments = () if program is None else (program,)
    commit = application.write(version, *arguments)
    application.push()
    return commit


def _until(application: Application, commit: str, phase: str) -> dict[str, Any]:
    application.platform.until(
        lambda: application.phase("development", commit) in ("Succeeded", "Failed"),
        f"{application.name} {commit[:7]}",
        SECONDS,
    )
    promotion = application.promotions("development", commit)[-1]
    assert promotion["status"]["phase"] == phase, promotion["status"]["message"]
    return promotion


def _until_it_runs(application: Application, commit: str) -> None:
    application.platform.until(
        lambda: application.runs("development", commit), f"{application.name} as before", SECONDS
    )


@pytest.mark.parametrize("name", BAD)
def test_it_stops_at_confirm_within_the_deadline(attempts: dict[str, Attempt], name: str) -> None:
    phases = {s["name"]: s["phase"] for s in attempts[name].promotion["status"]["steps"]}
    assert phases["sync"] == "Succeeded"
    assert phases["confirm"] == "Failed"
    assert f"not done within {ROLLOUT_DEADLINE} s" in attempts[name].message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crashing", "no database at db.example:5432"),
        ("unready", "503"),
        ("unready", "bad waits for its cache to fill"),
        ("elsewhere", "listens on"),
    ],
)
def test_the_cause_is_named_with_the_last_log_lines(
    attempts: dict[str, Attempt], name: str, said: str
) -> None:
    assert said in attempts[name].message


@pytest.mark.parametrize("name", BAD)
def test_there_is_a_remedy(attempts: dict[str, Attempt], name: str) -> None:
    assert attempts[name].promotion["status"]["remedy"]


@pytest.mark.parametrize("name", BAD)
def test_the_version_before_serves_on(attempts: dict[str, Attempt], name: str) -> None:
    attempt = attempts[name]
    assert set(attempt.seen.answers) == {"200"}
    assert [body.strip() for body in attempt.seen.bodies] == ["good"]
    assert "serves on" in attempt.message
