"""The main job: from git push to production, on the examples, as the README shows it."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from idp.apps.platform.layout import ENVIRONMENTS
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def demo(platform: Platform) -> list[dict[str, Any]]:
    answer = platform.cli("demo", "--approve", "-o", "json", seconds=500)
    rows: list[dict[str, Any]] = json.loads(answer.stdout)
    return rows


def test_one_digest_in_four_environments_four_times_200(demo: list[dict[str, Any]]) -> None:
    for application in ("hello", "datasette"):
        rows = [row for row in demo if row["application"] == application]
        assert [row["environment"] for row in rows] == list(ENVIRONMENTS)
        assert len({row["digest"] for row in rows}) == 1
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", rows[0]["digest"])
        assert [row["status"] for row in rows] == [200] * 4


def test_every_environment_serves_its_own_configuration(
    demo: list[dict[str, Any]], platform: Platform
) -> None:
    for environment in ENVIRONMENTS:
        port = platform.settings.instances[environment].gateway
        answer = httpx.get(
            f"http://127.0.0.1:{port}/", headers={"Host": f"hello.{environment}.localhost:{port}"}
        )
        assert environment in answer.text


def test_apps_tells_what_scripts_need(demo: list[dict[str, Any]], platform: Platform) -> None:
    rows = platform.json("apps")
    assert {"application", "environment", "release", "digest", "url", "health"} <= set(rows[0])
    assert {row["health"] for row in rows if row["application"] == "hello"} == {"Healthy"}


def test_the_gap_in_the_evidence_was_accepted_by_name_and_until_a_date(
    demo: list[dict[str, Any]], platform: Platform
) -> None:
    approvals = platform.json("get", "approvals", "-n", "demo", "-e", "production")
    spec = next(a["spec"] for a in approvals if a["spec"]["promotion"].startswith("hello"))
    assert spec["approver"] == "paul"
    assert [gap["name"] for gap in spec["accepts"]] == ["dependencies"]
    assert spec["accepts"][0]["until"] > "2026"


def test_the_audit_holds(demo: list[dict[str, Any]], platform: Platform) -> None:
    verdicts = platform.json("audit", "verify")
    assert [verdict["chain"] for verdict in verdicts] == ["holds"] * 4
    assert all(verdict["records"] > 0 for verdict in verdicts)
