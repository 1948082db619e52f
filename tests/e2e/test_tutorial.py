"""The tutorial, run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.platform import CLI, REPOSITORY, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

TUTORIAL = REPOSITORY / "docs" / "tutorials" / "first-application.md"
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def commands() -> list[str]:
    blocks = _BLOCK.findall(TUTORIAL.read_text())
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


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
            "GIT_TERMINAL_PROMPT": "0",
        },
    )
    assert answer.returncode == 0, f"$ {command}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


def test_every_command_of_the_tutorial_works(platform: Platform, tmp_path: Path) -> None:
    written = ""
    for command in commands():
        if command.startswith("idp-cli approve"):
            # A reader takes minutes to get here; the promotion of the second push needs seconds.
            platform.until(lambda: _waits_for_approval(platform), "uat waits for approval", 120)
        written = run(command, tmp_path, platform)
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
