"""A platform on real API servers: what only it can get wrong."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx
import pytest

from idp.apps.platform.layout import ENVIRONMENTS
from support.applications import Application, lives
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SECONDS = 240


@pytest.fixture(scope="module")
def served(
    real_platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Application, str]:
    """An application that development and staging serve; and its commit."""
    folder = tmp_path_factory.mktemp("real-application") / "real"
    application = Application(real_platform, folder, "real")
    commit = application.write("one")
    application.deploy()
    real_platform.until(
        lambda: application.phase("staging", commit) == "Succeeded", "staging", SECONDS
    )
    return application, commit


def program(platform: Platform, environment: str, name: str) -> int:
    """Process id of an instance's etcd or kube-apiserver; 0 while none runs."""
    folder = platform.layout.instance(environment).control_plane
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == folder and (
                entry / "comm"
            ).read_text().strip() == name:
                return int(entry.name)
        except OSError:
            continue
    return 0


def ready(platform: Platform, environment: str) -> bool:
    try:
        return platform.api(environment).get("/readyz").text == "ok"
    except httpx.TransportError:
        return False


def test_kubectl_shows_a_real_server(real_platform: Platform) -> None:
    for environment in ENVIRONMENTS:
        answer = real_platform.kubectl(environment, "get", "--raw", "/version").stdout
        assert '"gitTreeState"' in answer
        assert "webapplications" in real_platform.kubectl(environment, "api-resources").stdout


def test_the_log_of_an_application_is_shown(
    real_platform: Platform, served: tuple[Application, str]
) -> None:
    assert "one serves" in real_platform.cli("logs", "real", "-e", "staging").stdout
    pods = real_platform.kubectl(
        "staging", "get", "pods", "-n", "demo", "-o", "name"
    ).stdout.split()
    pod = next(name for name in pods if "/real-" in name)
    assert "one serves" in real_platform.kubectl("staging", "logs", "-n", "demo", pod).stdout


@pytest.mark.parametrize("name", ["etcd", "kube-apiserver", "staging"])
def test_killing_a_part_loses_nothing_and_disturbs_no_application(
    real_platform: Platform, served: tuple[Application, str], name: str
) -> None:
    application, commit = served
    pids = application.settled_pids("staging")
    assert pids
    if name == "staging":
        former = real_platform.kill(name)
    else:
        former = program(real_platform, "staging", name)
        os.kill(former, signal.SIGKILL)
    real_platform.until(lambda: not lives(former), "its end")
    real_platform.until(lambda: ready(real_platform, "staging"), "the API", SECONDS)
    real_platform.until(lambda: application.runs("staging", commit), "as before", SECONDS)
    assert application.pids("staging") == pids


def test_another_control_plane_is_refused(real_platform: Platform) -> None:
    answer = real_platform.cli("up", "--control-plane", "embedded", check=False)
    assert answer.returncode != 0
    assert "has the control plane envtest" in answer.stderr
    assert "--data" in answer.stderr


def test_nothing_is_left_when_the_platform_stops(real_platform: Platform) -> None:
    """And `up`, told nothing, brings back what was there. Last: it restarts the platform."""
    running = [
        program(real_platform, environment, name)
        for environment in ENVIRONMENTS
        for name in ("etcd", "kube-apiserver")
    ]
    assert all(running)
    real_platform.cli("down")
    assert not [pid for pid in running if lives(pid)]
    real_platform.cli("up")
    found = real_platform.json("status")
    assert {part["state"] for part in found} == {"running"}
    assert real_platform.settings.control_plane.kind == "envtest"
