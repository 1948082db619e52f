"""`kill -9` of every part, on a release's way: it converges, and nothing is doubled."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from idp.apps.platform.layout import ENVIRONMENTS
from support.applications import NAMESPACE, Application
from support.platform import Platform
from support.traffic import Traffic, traffic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SECONDS = 180


@pytest.fixture(scope="module")
def service(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Application:
    """An application in all environments."""
    application = Application(platform, tmp_path_factory.mktemp("service") / "service", "service")
    commit = application.write("one")
    application.push()
    to_production(application, commit)
    return application


def to_production(application: Application, commit: str) -> None:
    """Approve where it is needed, and wait for the end in every environment."""
    for environment in ENVIRONMENTS:
        if environment in APPROVERS:
            waits = until_step(application, environment, commit, "approval")
            assert waits == "Running"
            approve(application, environment)
        until_succeeded(application, environment, commit)


APPROVERS = {"uat": "uma", "production": "paul"}


def approve(application: Application, environment: str) -> None:
    application.platform.cli(
        "approve",
        application.name,
        "-e",
        environment,
        "--accept",
        "dependencies",
        "--user",
        APPROVERS[environment],
    )


def until_step(application: Application, environment: str, commit: str, step: str) -> str:
    """Wait until a promotion has come to a step; gives the step's phase."""
    phase: str = application.platform.until(
        lambda: application.step(environment, commit, step),
        f"{step} in {environment}",
        SECONDS,
    )
    return phase


def until_succeeded(application: Application, environment: str, commit: str) -> None:
    def ended() -> str:
        phase = application.phase(environment, commit)
        assert phase != "Failed", application.promotions(environment, commit)[-1]["status"]
        return phase if phase == "Succeeded" else ""

    application.platform.until(ended, f"{commit[:7]} in {environment}", SECONDS)


def kill(pid: int) -> None:
    assert pid > 0
    os.kill(pid, signal.SIGKILL)


def kill_process(platform: Platform, name: str) -> None:
    """Kill the hub or an instance; it is started again with another id."""
    before = platform.kill(name)
    platform.until(lambda: platform.pid(name) not in (0, before), f"{name} again", SECONDS)


def commits_of(platform: Platform, environment: str, uid: str) -> list[str]:
    """Commits in the environment's repository that a promotion made."""
    repository = platform.layout.git / "environments" / f"{environment}.git"
    answer = subprocess.run(
        ["git", "-C", str(repository), "log", "main", "--format=%H", f"--grep={uid}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.split()


def ledger_rows(platform: Platform, environment: str, uid: str) -> list[tuple[str, str]]:
    """Phase and commit of each row of the ledger about a promotion."""
    file = platform.layout.instance(environment).history
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        return database.execute(
            "SELECT phase, git_commit FROM promotion_ledger WHERE uid = ?", (uid,)
        ).fetchall()


def assert_happened_once(application: Application, environment: str, commit: str) -> None:
    """One promotion, one commit, one row of the ledger, one release that runs."""
    (promotion,) = application.promotions(environment, commit)
    uid = promotion["metadata"]["uid"]
    (made,) = commits_of(application.platform, environment, uid)
    application.platform.until(
        lambda: ledger_rows(application.platform, environment, uid), "the ledger", SECONDS
    )
    assert ledger_rows(application.platform, environment, uid) == [("Succeeded", made)]
    assert promotion["status"]["commit"] == made
    application.platform.until(
        lambda: application.runs(environment, commit), f"ready in {environment}", SECONDS
    )


def assert_served(seen: Traffic) -> None:
    assert set(seen.answers) == {"200"}


def test_instances_and_the_hub_killed_on_the_way(platform: Platform, service: Application) -> None:
    """Each instance dies at another point of its promotion, the hub during the build."""
    with ExitStack() as stack:
        seen = [
            stack.enter_context(traffic(platform, service.name, environment))
            for environment in ENVIRONMENTS
        ]
        commit = service.write("two")
        service.push()
        kill_process(platform, "hub")  # the build pushes its layers there
        kill_process(platform, "development")
        until_step(service, "development", commit, "sync")
        kill_process(platform, "development")
        until_step(service, "staging", commit, "commit")
        kill_process(platform, "staging")
        until_step(service, "staging", commit, "confirm")
        kill_process(platform, "staging")
        until_step(service, "uat", commit, "approval")
        kill_process(platform, "uat")
        platform.until(
            lambda: service.step("uat", commit, "approval") == "Running", "approval", SECONDS
        )
        approve(service, "uat")
        kill_process(platform, "uat")
        until_step(service, "production", commit, "approval")
        approve(service, "production")
        until_step(service, "production", commit, "sync")
        kill_process(platform, "hub")
        kill_process(platform, "production")
        until_succeeded(service, "production", commit)
        for environment in ENVIRONMENTS:
            until_succeeded(service, environment, commit)
            assert_happened_once(service, environment, commit)
    for answers in seen:
        assert_served(answers)


def test_gateway_application_and_supervisor_killed_on_the_way(
    platform: Platform, service: Application
) -> None:
    """What dies in one environment does not disturb the others, and starts again."""
    with traffic(platform, service.name, "production") as in_production:
        commit = service.write("three")
        service.push()
        until_step(service, "development", commit, "confirm")
        kill(service.pids("development")[0])
        until_step(service, "staging", commit, "sync")
        kill(platform.gateway_pid("staging"))
        until_step(service, "uat", commit, "approval")
        kill(platform.supervisor_pid)
        platform.cli("up")
        approve(service, "uat")
        for environment in ENVIRONMENTS[:3]:
            until_succeeded(service, environment, commit)
            assert_happened_once(service, environment, commit)
    assert_served(in_production)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_application_serves_on_while_its_instance_is_killed(
    platform: Platform, service: Application, environment: str
) -> None:
    pids = service.settled_pids(environment)
    with traffic(platform, service.name, environment) as seen:
        kill_process(platform, environment)
        platform.until(lambda: platform.objects(environment, "webapplications"), "the API", SECONDS)
        platform.until(lambda: _adopted(platform, environment), "the pods", SECONDS)
    assert_served(seen)
    assert service.pids(environment) == pids


def _adopted(platform: Platform, environment: str) -> bool:
    """Whether the new process has written that its pods are ready."""
    answer = platform.api(environment).get(f"/api/v1/namespaces/{NAMESPACE}/pods").json()
    return all(
        any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])
        for pod in answer["items"]
    )


def test_nothing_acknowledged_is_lost(platform: Platform) -> None:
    """Every object whose creation was answered is there after the API server is killed."""
    api, acknowledged = platform.api("uat"), []
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    for number in range(200):
        if number == 120:
            platform.kill("uat")
        body = {"metadata": {"name": f"kept-{number}"}, "data": {"number": str(number)}}
        if _created(lambda body=body: api.post(path, json=body)):  # type: ignore[misc]
            acknowledged.append(f"kept-{number}")
    assert len(acknowledged) >= 120
    names = platform.until(lambda: _names(platform, path), "the API again", SECONDS)
    assert set(acknowledged) <= names


def _created(request: Callable[[], Any]) -> bool:
    import httpx

    try:
        return bool(request().status_code == 201)
    except httpx.TransportError:
        return False


def _names(platform: Platform, path: str) -> set[str]:
    import httpx

    try:
        items = platform.api("uat").get(path).json()["items"]
    except (httpx.TransportError, KeyError):
        return set()
    return {item["metadata"]["name"] for item in items}


def test_the_audit_holds_after_it_all(platform: Platform) -> None:
    verdicts = platform.json("audit", "verify")
    assert [verdict["chain"] for verdict in verdicts] == ["holds"] * 4
