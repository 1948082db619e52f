"""One engine over an in-memory API and an in-memory repository."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.embedded.gitops import GitOpsEngine, custom_resource_definitions
from idp.kernel.client import get_or_none
from idp.kernel.errors import NotFound
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import (
    ARGO_APPLICATION,
    CONFIG_MAP,
    CUSTOM_RESOURCE_DEFINITION,
)
from idp.protocols.git.memory import MemoryRepository
from support.running import running

URL = "http://git/environments/development.git"


def config_map(name: str, data: dict[str, str] | None = None, **metadata: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": data or {"key": name},
    }


@dataclass
class World:
    """What a test moves: Git on one side, the API on the other."""

    data: Path
    client: MemoryClient = field(default_factory=MemoryClient)
    repository: MemoryRepository = field(default_factory=MemoryRepository)
    hints: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    commits: int = 0

    def engine(self, **options: Any) -> GitOpsEngine:
        def open_repository(url: str) -> MemoryRepository:
            if url != URL:
                raise NotFound(f"there is no repository at {url}")
            return self.repository

        async def hints() -> AsyncIterator[str]:
            while True:
                yield await self.hints.get()

        return GitOpsEngine(
            self.client,
            data=self.data,
            repositories=open_repository,
            changes=hints(),
            **{"poll_seconds": 3600.0, "self_heal_seconds": 0.2, **options},
        )

    async def commit(self, files: dict[str, Any], directory: str = "demo/hello") -> str:
        """Commit manifests (objects, or text as it stands) and give the engine a hint."""
        content: dict[str, bytes | None] = {}
        for path, value in files.items():
            if value is not None and not isinstance(value, bytes):
                value = yaml.safe_dump(value).encode()
            content[f"{directory}/{path}"] = value
        self.commits += 1
        made = await self.repository.change("main", content, message="m", key=str(self.commits))
        self.hints.put_nowait(URL)
        return made

    async def application(self, **spec: Any) -> None:
        body = {
            "source": {"repoURL": URL, "path": "demo/hello", "targetRevision": "main"},
            "destination": {"namespace": "demo", "server": "https://kubernetes.default.svc"},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            **spec,
        }
        metadata = {"name": "hello", "namespace": "argocd"}
        await self.client.create(ARGO_APPLICATION, {"metadata": metadata, "spec": body})

    async def patch(self, patch: Manifest) -> None:
        await self.client.patch(ARGO_APPLICATION, "hello", patch, "argocd")

    async def until(
        self,
        condition: Callable[[Manifest], Any],
        type: ResourceType = ARGO_APPLICATION,
        name: str = "hello",
        namespace: str = "argocd",
    ) -> Manifest:
        """Wait until an object meets a condition; gives it."""
        async with asyncio.timeout(20):
            listed = await self.client.list(type, namespace)
            for found in listed.items:
                if found["metadata"]["name"] == name and condition(found):
                    return found
            async for event in self.client.watch(
                type, namespace, resource_version=listed.resource_version
            ):
                if event.object["metadata"]["name"] == name and condition(event.object):
                    return event.object
        raise AssertionError("the watch ended")

    async def gone(self) -> None:
        """Wait until the application does not exist any more."""
        async with asyncio.timeout(20):
            async for event in self.client.watch(ARGO_APPLICATION, "argocd", resource_version="0"):
                if event.type == "DELETED":
                    return

    async def synced(self, revision: str | None = None) -> Manifest:
        """Wait until the application is in sync, at a revision when one is given."""

        def is_synced(found: Manifest) -> bool:
            sync = found.get("status", {}).get("sync", {})
            state = found.get("status", {}).get("operationState", {})
            return (
                sync.get("status") == "Synced"
                and state.get("phase") != "Running"
                and revision in (None, sync["revision"])
            )

        return await self.until(is_synced)

    async def map(self, name: str) -> Manifest | None:
        return await get_or_none(self.client, CONFIG_MAP, name, "demo")


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for definition in custom_resource_definitions():
        await world.client.create(CUSTOM_RESOURCE_DEFINITION, definition)
    return world


@pytest.fixture
async def engine(world: World) -> AsyncIterator[GitOpsEngine]:
    """A running engine."""
    made = world.engine()
    async with running(made):
        yield made


@pytest.fixture
def new_config_map() -> Callable[..., Manifest]:
    return config_map
