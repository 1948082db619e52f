from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from idp.apps.cli.demo.users import sign_in_demo_users
from idp.apps.platform.layout import ENVIRONMENTS
from support.applications import NAMESPACE, Application
from support.control_plane import missing_binaries
from support.platform import Platform, running_platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One platform for all tests of the session that do not break it for good."""
    with running_platform(tmp_path_factory.mktemp("platform") / "data") as platform:
        asyncio.run(sign_in_demo_users(platform.layout))
        for environment in ENVIRONMENTS:
            platform.kubectl(environment, "create", "namespace", NAMESPACE, check=False)
        yield platform


@pytest.fixture(scope="session")
def real_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform on real API servers; skips where their programs are not found."""
    if missing := missing_binaries():
        pytest.skip(missing)
    with running_platform(tmp_path_factory.mktemp("real") / "data", "envtest") as platform:
        asyncio.run(sign_in_demo_users(platform.layout))
        yield platform


@pytest.fixture(scope="session")
def released(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Application, str]:
    """An application in development and staging, waiting for approval in UAT; and its commit."""
    application = Application(platform, tmp_path_factory.mktemp("steady") / "steady", "steady")
    commit = application.write("one")
    application.deploy()
    platform.until(lambda: application.phase("staging", commit) == "Succeeded", "staging", 120)
    platform.until(
        lambda: application.step("uat", commit, "approval") == "Running", "the approval", 120
    )
    return application, commit
