from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.platform import Platform, running_platform


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in one worker: they share one platform."""
    for item in items:
        if "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("platform"))


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One platform for all tests of the session that do not break it for good."""
    with running_platform(tmp_path_factory.mktemp("platform") / "data") as platform:
        yield platform
