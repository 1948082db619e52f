"""What `up` does when the machine is not as it should be, on a platform of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.apps.cli.demo.users import sign_in_demo_users
from idp.apps.platform.processes import is_running
from support.applications import Application
from support.platform import CLI, Platform, free_first_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 120
REGISTRY_MEGABYTES, DATABASE_MEGABYTES = 16, 16


@pytest.fixture(scope="module")
def port() -> int:
    return free_first_port()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that is not set up yet; the tests of this file do it, in their order."""
    platform = Platform(tmp_path_factory.mktemp("alone") / "data")
    yield platform
    platform.close()
    platform.cli("down", check=False)
    for folder in _small_disks(platform):
        subprocess.run(["umount", str(folder)], check=False, capture_output=True)
    platform.cli("reset", "--yes", check=False)


def _small_disks(platform: Platform) -> dict[Path, int]:
    """Folders that get a disk of their own, and its size in megabytes."""
    return {
        platform.layout.registry: REGISTRY_MEGABYTES,
        platform.layout.instance("uat").apiserver: DATABASE_MEGABYTES,
    }


@pytest.fixture(scope="module")
def small_disks(alone: Platform) -> bool:
    """Give registry and one instance a tiny disk each, where that is possible."""
    for folder, megabytes in _small_disks(alone).items():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs"]
        if subprocess.run([*command, str(folder)], check=False, capture_output=True).returncode:
            return False
    return True


def test_a_port_in_use_is_named_with_who_holds_it(alone: Platform, port: int) -> None:
    with socket.create_server(("127.0.0.1", port + 11)):
        answer = alone.cli("up", "--yes", "--port", str(port), check=False)
    assert answer.returncode == 9
    assert f"Port {port + 11}: in use by" in answer.stderr
    assert f"(process {os.getpid()}); the development API needs it" in answer.stderr
    assert "Next:" in answer.stderr
    assert not alone.layout.settings.exists()


@pytest.mark.usefixtures("small_disks")
def test_ctrl_c_and_the_same_command_again(alone: Platform, port: int) -> None:
    """Wherever it is interrupted, the next `up` finishes it."""
    # A shell that started these tests in the background has Ctrl-C ignored by all that follow.
    heeding = ["env", "--default-signal=INT"]
    command = [*heeding, str(CLI), "up", "--yes", "--port", str(port)]
    environment = {**os.environ, "IDP_DATA": str(alone.data)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as interrupted:
        alone.until(alone.layout.settings.exists, "the settings", SECONDS)
        interrupted.send_signal(signal.SIGINT)
        assert interrupted.wait(60) == 130
    alone.cli("up", "--yes", "--port", str(port))
    assert alone.cli("status").returncode == 0
    assert alone.json("apps") == []


class TestFullDisk:
    """Nothing acknowledged is lost, the error says what to do, and room is all it takes."""

    @pytest.fixture(autouse=True)
    def _demand_small_disks(self, small_disks: bool) -> None:
        if not small_disks:
            pytest.skip("a disk of its own takes root and the right to mount")

    def test_of_an_instance(self, alone: Platform) -> None:
        path = "/api/v1/namespaces/default/configmaps"
        folder = alone.layout.instance("uat").apiserver
        kept = []
        with _filled(folder, leaving=2**20):
            for number in range(200):
                body = {
                    "metadata": {"name": f"kept-{number}"},
                    "data": {"text": "x" * 100_000},
                }
                answer = alone.api("uat").post(path, json=body)
                if answer.status_code != 201:
                    break
                kept.append(f"kept-{number}")
            refused = answer.json()
            assert refused["code"] == 503
            assert "full" in refused["message"]
            assert alone.api("uat").get(path).status_code == 200
            assert alone.row("none", "uat") == {}  # the overview answers, too
        alone.until(
            lambda: alone.api("uat").post(path, json=_small("after")).status_code in (201, 409),
            "room again",
            SECONDS,
        )
        alone.kill("uat")
        names = alone.until(lambda: _names(alone, path), "the API again", SECONDS)
        assert {*kept, "after"} <= names

    async def test_of_the_registry(self, alone: Platform, tmp_path: Path) -> None:
        await sign_in_demo_users(alone.layout)
        application = Application(alone, tmp_path / "full", "full")
        commit = application.write("one")
        with _filled(alone.layout.registry, leaving=0):
            application.push()
            said = alone.until(lambda: _said_by(alone, "build"), "the build's complaint", SECONDS)
            assert "disk" in said["message"]
            assert "trying again" in said["message"]
            assert said["phase"] == "Running"
            assert said["remedy"]
        alone.until(lambda: application.runs("development", commit), "it goes on", SECONDS)


def _said_by(platform: Platform, uses: str) -> dict[str, Any]:
    """Status of a pipeline's step as soon as something is in its way."""
    for step in platform.objects("development", "pipelinesteps"):
        status: dict[str, Any] = step.get("status") or {}
        if step["spec"]["uses"] == uses and status.get("remedy"):
            return status
    return {}


@contextlib.contextmanager
def _filled(folder: Path, *, leaving: int) -> Iterator[None]:
    """Fill the disk of a folder up to so many bytes."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        filesystem = os.statvfs(folder)
        file.write(bytes(max(0, filesystem.f_bavail * filesystem.f_frsize - leaving)))
    try:
        yield
    finally:
        filler.unlink()


def _small(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


def _names(platform: Platform, path: str) -> set[str]:
    import httpx

    try:
        items = platform.api("uat").get(path).json()["items"]
    except (httpx.TransportError, KeyError):
        return set()
    return {item["metadata"]["name"] for item in items}


class TestNewerVersion:
    """A database that a newer version wrote is left alone; `up` says so at once."""

    def test_of_the_hub(self, alone: Platform) -> None:
        alone.cli("down")
        with _from_the_future(alone.layout.hub_database):
            answer = alone.cli("up", check=False)
            assert answer.returncode == 9
            assert "a newer version wrote it" in answer.stderr
            assert "Next:" in answer.stderr
            assert not is_running(alone.layout)

    def test_of_an_instance(self, alone: Platform) -> None:
        """History in one, objects in another: `up` ends early, the other parts run."""
        alone.cli("down")
        objects = alone.layout.instance("staging").apiserver / "objects.db"
        with (
            _from_the_future(alone.layout.instance("production").history),
            _newer_format(objects),
        ):
            answer = alone.cli("up", check=False)
            assert answer.returncode == 6
            assert "a newer version wrote it" in answer.stderr
            assert "Next:  Start the newer version again" in answer.stderr
            alone.until(lambda: _states(alone)["uat"] == "running", "the others", SECONDS)
            alone.until(lambda: _messages(alone)["staging"], "staging's reason", SECONDS)
            alone.until(lambda: _messages(alone)["production"], "production's reason", SECONDS)
        alone.cli("up")
        assert set(_states(alone).values()) == {"running"}


def _parts(platform: Platform) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = json.loads(
        platform.cli("status", "-o", "json", check=False).stdout
    )
    return parts


def _states(platform: Platform) -> dict[str, str]:
    return {part["name"]: part["state"] for part in _parts(platform)}


def _messages(platform: Platform) -> dict[str, bool]:
    """Whether a part says that a newer version was here; not while it is being tried again."""
    return {part["name"]: "newer version" in part["message"] for part in _parts(platform)}


@contextlib.contextmanager
def _from_the_future(path: Path) -> Iterator[None]:
    """A revision that this version does not know."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO alembic_version VALUES ('9999_later')")
        database.commit()
    yield
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM alembic_version WHERE version_num = '9999_later'")
        database.commit()


@contextlib.contextmanager
def _newer_format(path: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        (before,) = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA user_version = 99")
    yield
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {before}")


def test_reset_deletes_everything(alone: Platform, small_disks: bool) -> None:
    if small_disks:
        alone.cli("down")
        for folder in _small_disks(alone):
            subprocess.run(["umount", str(folder)], check=True)
    alone.cli("reset", "--yes")
    assert not alone.data.exists()
