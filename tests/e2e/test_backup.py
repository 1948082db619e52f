"""`idp-cli instance backup` and `restore` of an instance that runs."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from support.applications import Application
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def names(platform: Platform) -> set[str]:
    return {item["metadata"]["name"] for item in platform.objects("uat", "configmaps")}


def test_an_instance_goes_back_to_its_backup(
    platform: Platform, released: tuple[Application, str], tmp_path: Path
) -> None:
    file = tmp_path / "uat.backup"
    platform.kubectl("uat", "create", "configmap", "before", "-n", "demo")
    platform.cli("instance", "backup", "uat", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    platform.kubectl("uat", "create", "configmap", "after", "-n", "demo")
    platform.kubectl("uat", "delete", "configmap", "before", "-n", "demo")
    pid = platform.pid("uat")

    platform.cli("instance", "restore", "uat", str(file), "--yes")

    assert platform.pid("uat") != pid
    assert "before" in names(platform)
    assert "after" not in names(platform)
    verdicts = {row["environment"]: row["chain"] for row in platform.json("audit", "verify")}
    assert verdicts["uat"] == "holds"
    platform.kubectl("uat", "delete", "configmap", "before", "-n", "demo")


def test_a_backup_of_another_instance_or_a_damaged_one_changes_nothing(
    platform: Platform, released: tuple[Application, str], tmp_path: Path
) -> None:
    file, damaged = tmp_path / "uat.backup", tmp_path / "damaged.backup"
    platform.cli("instance", "backup", "uat", str(file))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    pids = {name: platform.pid(name) for name in ("uat", "staging")}
    for environment, path in (("staging", file), ("uat", damaged)):
        answer = platform.cli("instance", "restore", environment, str(path), "--yes", check=False)
        assert answer.returncode != 0
        assert "Next:" in answer.stderr
    assert {name: platform.pid(name) for name in ("uat", "staging")} == pids
