"""Shared by all tests: a registry that really listens, and the settings of hypothesis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings

from idp.embedded.registry.application import DEFAULT_LIMITS, registry_application
from idp.embedded.registry.service import Limits
from idp.kernel.access import Action, Principal, Service
from idp.kernel.capability import Remote
from support.control_plane import RealApi, missing_binaries, running_api
from support.serving import served

# How long one example takes says nothing on a machine that does other things, too.
settings.register_profile("shared-machine", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("shared-machine")


@pytest.fixture(scope="session")
def real_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealApi]:
    """A real kube-apiserver, one for all tests; skips where its programs are not found."""
    if missing := missing_binaries():
        pytest.skip(missing)
    with running_api(tmp_path_factory.mktemp("real-api")) as api:
        yield api


@dataclass
class Rights:
    """`RepositoryAccess` over a table: user -> actions, everywhere or per repository."""

    everywhere: dict[str, set[str]] = field(default_factory=dict)
    repositories: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    async def authenticate(self, username: str, password: str) -> Principal | None:
        known = username in self.everywhere or any(u == username for u, _ in self.repositories)
        return Principal(username) if known and password == f"{username}-password" else None

    async def allowed(
        self, principal: Principal | None, service: Service, repository: str, action: Action
    ) -> bool:
        name = principal.name if principal else ""
        actions = self.repositories.get((name, repository), self.everywhere.get(name, set()))
        return service in ("git", "registry") and action in actions


@dataclass
class RunningRegistry:
    """A registry on a free loopback port."""

    url: str
    data: Path
    rights: Rights
    changes: list[str]

    def remote(self, username: str = "admin", password: str | None = None) -> Remote:
        return Remote(self.url, username, password or f"{username}-password")


StartRegistry = Callable[..., Awaitable[RunningRegistry]]


@asynccontextmanager
async def _serve(data: Path, rights: Rights, limits: Limits) -> AsyncIterator[RunningRegistry]:
    changes: list[str] = []
    application = registry_application(
        data,
        rights,
        on_change=changes.append,
        own_tags=lambda principal: f"{principal.name}-",
        limits=limits,
    )
    async with served(application) as url:
        yield RunningRegistry(url, data, rights, changes)


@pytest.fixture
async def start_registry(tmp_path: Path) -> AsyncIterator[StartRegistry]:
    """Start embedded registries; user `admin` may do everything."""
    async with AsyncExitStack() as stack:

        async def start(
            *, data: Path | None = None, limits: Limits = DEFAULT_LIMITS
        ) -> RunningRegistry:
            rights = Rights({"admin": {"pull", "push", "attest", "delete"}})
            return await stack.enter_async_context(
                _serve(data or tmp_path / "registry", rights, limits)
            )

        yield start


@pytest.fixture
async def registry(start_registry: StartRegistry) -> RunningRegistry:
    """One embedded registry."""
    return await start_registry()
