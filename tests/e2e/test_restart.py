"""After a reboot, a crash of everything, or `down`: `up` brings everything back as it was."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from idp.apps.platform.layout import ENVIRONMENTS
from idp.apps.platform.processes import is_running, processes
from support.applications import Application, lives
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 120
_LASTING = ("application", "environment", "release", "digest", "url", "health")


def lasting(platform: Platform) -> list[dict[str, Any]]:
    """What `idp-cli apps` says, as far as it must outlive a restart."""
    return [{field: row[field] for field in _LASTING} for row in platform.json("apps")]


def settled(platform: Platform) -> list[dict[str, Any]]:
    """`lasting`, as soon as nothing is on its way any more."""

    def all_at_rest() -> list[dict[str, Any]]:
        rows = lasting(platform)
        return rows if all(row["health"] in ("Healthy", "Missing") for row in rows) else []

    rows: list[dict[str, Any]] = platform.until(all_at_rest, "all healthy", SECONDS)
    return rows


def releases(platform: Platform) -> dict[str, set[str]]:
    """Digests of the releases that each instance knows."""
    return {
        environment: {r["spec"]["digest"] for r in platform.objects(environment, "releases")}
        for environment in ENVIRONMENTS
    }


def everything(platform: Platform) -> list[int]:
    """Every process of the platform: those that serve it, gateways, applications."""
    data = os.fsencode(platform.data)
    found = [platform.supervisor_pid, *(p.pid for p in processes(platform.layout) if p.pid)]
    found += [pid for e in ENVIRONMENTS if (pid := platform.gateway_pid(e))]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            folder = os.fsencode((process / "cwd").readlink())
        except OSError:
            continue
        ours = data in command and int(process.name) != os.getpid()
        if ours or folder.startswith(data):
            found.append(int(process.name))
    return sorted(set(found))


def reboot(platform: Platform) -> None:
    """Kill every process, as a power cut does."""
    for pid in everything(platform):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    platform.until(lambda: not anything_runs(platform), "the end of all", SECONDS)


def anything_runs(platform: Platform) -> bool:
    return is_running(platform.layout) or any(platform.gateway_pid(e) for e in ENVIRONMENTS)


def test_everything_is_killed_at_once(
    platform: Platform, released: tuple[Application, str]
) -> None:
    application, _ = released
    before, known = settled(platform), releases(platform)
    pids = {e: application.settled_pids(e) for e in ("development", "staging")}
    assert all(pids.values())
    reboot(platform)
    assert not any(lives(pid) for found in pids.values() for pid in found)
    platform.cli("up")
    assert settled(platform) == before
    assert releases(platform) == known
    _audit_holds(platform)


def test_down_and_up(platform: Platform, released: tuple[Application, str]) -> None:
    application, _ = released
    before, known = settled(platform), releases(platform)
    platform.cli("down")
    assert not anything_runs(platform)
    assert application.pids("development") == []
    assert platform.cli("status", check=False).returncode == 6
    platform.cli("up")
    assert settled(platform) == before
    assert releases(platform) == known
    _audit_holds(platform)


def test_the_supervisor_alone_is_killed(
    platform: Platform, released: tuple[Application, str]
) -> None:
    """Gateways and applications go on, and the next supervisor takes them over."""
    application, _ = released
    before = settled(platform)
    kept = [platform.gateway_pid("staging"), *application.settled_pids("staging")]
    os.kill(platform.supervisor_pid, signal.SIGKILL)
    platform.cli("up")
    assert settled(platform) == before
    assert [platform.gateway_pid("staging"), *application.pids("staging")] == kept


def test_up_while_it_runs_changes_nothing(platform: Platform) -> None:
    before = platform.supervisor_pid
    platform.cli("up")
    assert platform.supervisor_pid == before


def test_reset_asks_first(platform: Platform) -> None:
    answer = platform.cli("reset", check=False)
    assert answer.returncode != 0
    assert str(platform.data) in answer.stdout
    assert platform.layout.settings.exists()
    assert is_running(platform.layout)


def _audit_holds(platform: Platform) -> None:
    assert [v["chain"] for v in platform.json("audit", "verify")] == ["holds"] * 4
