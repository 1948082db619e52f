"""The plugin in a project of somebody else: pytest in a process and a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

USES = '''
import asyncio
import threading

import pytest

from idp.kernel.errors import NotFound
from idp.kernel.standard import CONFIG_MAP, NAMESPACE

seen = []


@pytest.fixture
def stored(kubernetes_api, kubernetes_namespace):
    """Synchronous code with an event loop of its own."""

    async def create():
        metadata = {"name": "settings", "namespace": kubernetes_namespace}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        async with kubernetes_api.client() as client:
            return await client.create(CONFIG_MAP, manifest)

    return asyncio.run(create())


@pytest.mark.parametrize("number", [1, 2])
def test_each_has_its_own_namespace(number, kubernetes_api, kubernetes_namespace, stored):
    assert stored["metadata"]["namespace"] == kubernetes_namespace
    assert kubernetes_api.url in kubernetes_api.kubeconfig.read_text()
    assert kubernetes_api.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert kubernetes_namespace not in seen
    seen.append(kubernetes_namespace)


def test_namespaces_of_former_tests_are_deleted(kubernetes_api):
    async def gone(name):
        async with kubernetes_api.client() as client:
            while True:
                try:
                    found = await client.get(NAMESPACE, name)
                except NotFound:
                    return
                assert found["metadata"]["deletionTimestamp"]
                await asyncio.sleep(0.05)

    for name in seen:
        asyncio.run(gone(name))
'''

USES_NOT = """
import sys


def test_nothing_is_loaded():
    assert "idp.apps.testing.plugin" in sys.modules
    assert [name for name in sys.modules if name.startswith("idp.") and "testing" not in name] == [
        "idp.apps"
    ]
    assert not {"aiohttp", "cryptography", "orjson"} & set(sys.modules)
"""

CANNOT_START = """
import pytest

from idp.embedded.apiserver.server import ApiServer
from idp.kernel.errors import MissingPrerequisite


@pytest.fixture(scope="session", autouse=True)
def no_server():
    with pytest.MonkeyPatch.context() as patch:

        async def start(self):
            raise MissingPrerequisite("the disk is gone")

        patch.setattr(ApiServer, "start", start)
        yield


def test_it(kubernetes_api):
    raise AssertionError("not reached")
"""


def pytest_run(folder: Path, content: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Only this plugin is loaded, and warnings are errors."""
    (folder / "test_project.py").write_text(content)
    plugins = ["--disable-plugin-autoload", "-p", "idp.apps.testing.plugin"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *plugins, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_a_server_and_a_namespace_for_each_test(tmp_path: Path) -> None:
    answer = pytest_run(tmp_path, USES)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "3 passed" in answer.stdout


def test_who_does_not_use_it_does_not_pay(tmp_path: Path) -> None:
    answer = pytest_run(tmp_path, USES_NOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_server_that_does_not_start_fails_the_test_with_the_reason(tmp_path: Path) -> None:
    answer = pytest_run(tmp_path, CANNOT_START)
    assert answer.returncode == 1
    assert "MissingPrerequisite: the disk is gone" in answer.stdout


def test_it_is_there_without_being_asked_for(request: pytest.FixtureRequest) -> None:
    """Through the entry point of the installed package."""
    names = {name for name, _ in request.config.pluginmanager.list_name_plugin()}
    assert "idp" in names
