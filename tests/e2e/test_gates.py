"""The how-to of gates, run as it stands, against a release that waits for production."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.applications import Application
from support.platform import REPOSITORY, Platform
from support.reader import commands_of, typed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PAGE = REPOSITORY / "docs" / "howto" / "gates.md"
COMMANDS = commands_of(PAGE)


def waits(shop: Application, environment: str, commit: str) -> None:
    """Wait until people are waited for."""
    shop.platform.until(
        lambda: shop.step(environment, commit, "approval") == "Running",
        f"the approval in {environment}",
        120,
    )


def test_every_command_of_the_how_to_works(platform: Platform, tmp_path: Path) -> None:
    (manifest,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    # A release that the test has just made never soaked for two hours, whatever day it is.
    (tmp_path / "gates.yaml").write_text(manifest)
    said = {COMMANDS[0]: typed(COMMANDS[0], tmp_path, platform)}
    shop = Application(platform, tmp_path / "shop", "shop")
    commit = shop.write("one")
    shop.deploy()
    waits(shop, "uat", commit)
    platform.cli("approve", "shop", "-e", "uat", "--accept", "dependencies", "--user", "uma")
    waits(shop, "production", commit)
    for command in COMMANDS[1:]:
        if command.startswith("idp-cli promotion reviews"):
            platform.until(lambda: platform.objects("production", "reviews"), "the review", 60)
        if "REVIEW" in command:
            (entry,) = platform.objects("production", "reviews")
            name = entry["metadata"]["name"]
            said[command] = typed(command.replace("REVIEW", name), tmp_path, platform)
        else:
            said[command] = typed(command, tmp_path, platform)
    approve, explain, _, frozen, _, _, _, _, reviews, _ = COMMANDS[1:]
    assert "It waits: gates: soak: 120 min in uat" in said[approve]
    assert "approved-by-two-eyes" in said[explain]
    assert "year-end audit" in said[frozen]
    assert "payments are down" in said[reviews]
    platform.until(lambda: shop.runs("production", commit), "production", 120)
    (entry,) = platform.objects("production", "reviews")
    assert entry["spec"]["closedBy"] == "paul"
    assert "soak" in entry["spec"]["overridden"]
