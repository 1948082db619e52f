"""The tutorial, run as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.platform import REPOSITORY, Platform
from support.reader import commands_of, typed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

TUTORIAL = REPOSITORY / "docs" / "tutorials" / "first-application.md"


def test_every_command_of_the_tutorial_works(platform: Platform, tmp_path: Path) -> None:
    written = ""
    for command in commands_of(TUTORIAL):
        if command.startswith("idp-cli approve"):
            # A reader takes minutes to get here; the promotion of the second push needs seconds.
            platform.until(lambda: _waits_for_approval(platform), "uat waits for approval", 120)
        written = typed(command, tmp_path, platform)
    assert "create promotions.platform.idp" in written
    assert platform.row("welcome", "uat")["health"] == "Healthy"
    assert platform.row("welcome", "development")["release"].startswith("r1-")


def _waits_for_approval(platform: Platform) -> bool:
    promotions = platform.json("get", "promotions", "-n", "demo", "-e", "uat")
    return any(
        step["name"] == "approval" and step["phase"] == "Running"
        for promotion in promotions
        if promotion["spec"]["release"].startswith("welcome-r2-")
        for step in (promotion.get("status") or {}).get("steps", [])
    )
