"""The main job: from git push to production, on the examples, as the README shows it.

It runs on the embedded control plane with all examples, and on a real one with one of them.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from idp.apps.platform.layout import ENVIRONMENTS
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.timeout(900)]

APPLICATIONS = {"platform": ("hello", "datasette"), "real_platform": ("hello",)}


@pytest.fixture(scope="module", params=list(APPLICATIONS))
def control_plane(request: pytest.FixtureRequest) -> str:
    """Name of the fixture that runs the platform."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def main_platform(request: pytest.FixtureRequest, control_plane: str) -> Platform:
    platform: Platform = request.getfixturevalue(control_plane)
    return platform


@pytest.fixture(scope="module")
def demo(main_platform: Platform, control_plane: str) -> list[dict[str, Any]]:
    only = () if control_plane == "platform" else ("--only", *APPLICATIONS[control_plane])
    answer = main_platform.cli("demo", "--approve", *only, "-o", "json", seconds=800)
    rows: list[dict[str, Any]] = json.loads(answer.stdout)
    return rows


def test_one_digest_in_four_environments_four_times_200(
    demo: list[dict[str, Any]], control_plane: str
) -> None:
    for application in APPLICATIONS[control_plane]:
        rows = [row for row in demo if row["application"] == application]
        assert [row["environment"] for row in rows] == list(ENVIRONMENTS)
        assert len({row["digest"] for row in rows}) == 1
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", rows[0]["digest"])
        assert [row["status"] for row in rows] == [200] * 4


def test_every_environment_serves_its_own_configuration(
    demo: list[dict[str, Any]], main_platform: Platform
) -> None:
    for environment in ENVIRONMENTS:
        port = main_platform.settings.instances[environment].gateway
        answer = httpx.get(
            f"http://127.0.0.1:{port}/", headers={"Host": f"hello.{environment}.localhost:{port}"}
        )
        assert environment in answer.text


def test_apps_tells_what_scripts_need(demo: list[dict[str, Any]], main_platform: Platform) -> None:
    rows = main_platform.json("apps")
    assert {"application", "environment", "release", "digest", "url", "health"} <= set(rows[0])
    assert {row["health"] for row in rows if row["application"] == "hello"} == {"Healthy"}


def test_the_gap_in_the_evidence_was_accepted_by_name_and_until_a_date(
    demo: list[dict[str, Any]], main_platform: Platform
) -> None:
    approvals = main_platform.json("get", "approvals", "-n", "demo", "-e", "production")
    spec = next(a["spec"] for a in approvals if a["spec"]["promotion"].startswith("hello"))
    assert spec["approver"] == "paul"
    assert [gap["name"] for gap in spec["accepts"]] == ["dependencies"]
    assert spec["accepts"][0]["until"] > "2026"


def test_the_audit_holds(demo: list[dict[str, Any]], main_platform: Platform) -> None:
    verdicts = main_platform.json("audit", "verify")
    assert [verdict["chain"] for verdict in verdicts] == ["holds"] * 4
    assert all(verdict["records"] > 0 for verdict in verdicts)
