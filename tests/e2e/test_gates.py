"""The how-to of gates, run as it stands, against a release that waits for production."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.applications import Application
from support.platform import CLI, REPOSITORY, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PAGE = (REPOSITORY / "docs" / "howto" / "gates.md").read_text()
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)


def run(command: str, folder: Path, platform: Platform) -> str:
    answer = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        stdin=subprocess.DEVNULL,
        env={
            **os.environ,
            "IDP_DATA": str(platform.data),
            "PATH": f"{CLI.parent}:{os.environ['PATH']}",
            "NO_COLOR": "1",
        },
    )
    assert answer.returncode == 0, f"$ {command}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


def waits(shop: Application, environment: str, commit: str) -> None:
    """Wait until people are waited for."""
    shop.platform.until(
        lambda: shop.step(environment, commit, "approval") == "Running",
        f"the approval in {environment}",
        120,
    )


def test_every_command_of_the_how_to_works(platform: Platform, tmp_path: Path) -> None:
    (manifest,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    # A release that the test has just made never soaked for two hours, whatever day it is.
    (tmp_path / "gates.yaml").write_text(manifest)
    said = {COMMANDS[0]: run(COMMANDS[0], tmp_path, platform)}
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
            name = platform.cli("promotion", "reviews", "-e", "production", "-o", "name").stdout
            said[command] = run(command.replace("REVIEW", name.strip()), tmp_path, platform)
        else:
            said[command] = run(command, tmp_path, platform)
    approve, explain, _, frozen, _, _, _, _, reviews, _ = COMMANDS[1:]
    assert "It waits: gates: soak: 120 min in uat" in said[approve]
    assert "approved-by-two-eyes" in said[explain]
    assert "year-end audit" in said[frozen]
    assert "payments are down" in said[reviews]
    platform.until(
        lambda: platform.row("shop", "production").get("health") == "Healthy", "production", 120
    )
    (entry,) = platform.objects("production", "reviews")
    assert entry["spec"]["closedBy"] == "paul"
    assert "soak" in entry["spec"]["overridden"]
