"""`idp-cli rollback`: image and configuration go back together, as one commit."""

from __future__ import annotations

import subprocess

import pytest

from support.applications import NAMESPACE, Application
from support.platform import Platform
from support.traffic import traffic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 120
Rolled = tuple[Application, str, str]


@pytest.fixture(scope="module")
def rolled(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Rolled:
    """An application with two releases in staging, each with its own configuration."""
    application = Application(platform, tmp_path_factory.mktemp("rolled") / "rolled", "rolled")
    commits = []
    for version, greeting in (("one", "good morning"), ("two", "good evening")):
        application.greetings = {"greeting": greeting}
        commits.append(application.write(version))
        application.push()
        _until_in_staging(application, commits[-1])
    return application, commits[0], commits[1]


def _until_in_staging(application: Application, commit: str) -> None:
    application.platform.until(
        lambda: application.phase("staging", commit) == "Succeeded", f"{commit} there", SECONDS
    )


def head(platform: Platform) -> list[str]:
    """The newest commits of staging's repository, subjects first."""
    repository = platform.layout.git / "environments" / "staging.git"
    answer = subprocess.run(
        ["git", "-C", str(repository), "log", "main", "-3", "--format=%s"],
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.splitlines()


def files_changed(platform: Platform) -> set[str]:
    """Files of the newest commit."""
    repository = platform.layout.git / "environments" / "staging.git"
    answer = subprocess.run(
        ["git", "-C", str(repository), "show", "main", "--format=", "--name-only"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(answer.stdout.split())


def test_it_needs_a_reason(platform: Platform, rolled: Rolled) -> None:
    answer = platform.cli("rollback", "rolled", "-e", "staging", check=False)
    assert answer.returncode == 2
    assert "--reason" in answer.stderr


def test_image_and_configuration_go_back_together(platform: Platform, rolled: Rolled) -> None:
    application, first, second = rolled
    commits_before = len(application.promotions("staging"))
    with traffic(platform, "rolled", "staging") as seen:
        reason = ("--reason", "orders fail")
        platform.cli("rollback", "rolled", "-e", "staging", *reason, "--user", "maya")
        platform.until(lambda: application.runs("staging", first), "the former release", SECONDS)
        platform.until(lambda: "one" in (seen.bodies or [""])[-1], "the former answer", SECONDS)
    assert set(seen.answers) == {"200"}
    assert "good evening" in seen.bodies[0]
    assert "two" in seen.bodies[0]
    assert "good morning" in seen.bodies[-1]
    newest, before, *_ = head(platform)
    assert newest == f'Revert "{before}"'
    assert second[:7] in before
    assert files_changed(platform) == {
        f"{NAMESPACE}/rolled/webapplication.yaml",
        f"{NAMESPACE}/rolled/applicationconfiguration.yaml",
    }
    assert len(application.promotions("staging")) == commits_before + 1
    row = platform.row("rolled", "staging")
    assert row["release"].endswith(first[:7])


def test_the_difference_of_two_releases_is_told(platform: Platform, rolled: Rolled) -> None:
    _, first, second = rolled
    versions = [row["version"] for row in platform.json("release", "list", "rolled")]
    newer, older = versions
    assert (newer[-7:], older[-7:]) == (second[:7], first[:7])
    found = {
        (row["area"], row["what"]): (row["before"], row["after"])
        for row in platform.json("release", "diff", "rolled", older, newer)
    }
    assert found["source", "commit"] == (first, second)
    assert any("good evening" in (after or "") for _, after in found.values())
    assert ("image", "digest") in found
    running = platform.cli("release", "diff", "rolled", "-e", "staging", "-o", "name").stdout
    assert "commit" in running.split()


def test_the_rollback_shows_in_the_delivery_metrics(platform: Platform, rolled: Rolled) -> None:
    found = {row["metric"]: row for row in platform.json("dora", "demo/rolled", "-e", "staging")}
    assert found["deployment frequency"]["samples"] == 2
    assert found["change fail rate"]["value"] == 50
    assert found["failed deployment recovery time"]["value"] >= 0
    assert found["change lead time"]["samples"] == 2


def test_with_nothing_before_it_is_refused(platform: Platform, rolled: Rolled) -> None:
    application, first, _ = rolled
    before = head(platform)
    answer = platform.cli(
        "rollback", "rolled", "-e", "staging", "--reason", "again", "--user", "maya", check=False
    )
    assert answer.returncode == 1
    assert "there is nothing to go back to" in answer.stderr
    assert "Next:" in answer.stderr
    assert "idp-cli promote rolled" in answer.stderr
    assert head(platform) == before
    assert application.runs("staging", first)
