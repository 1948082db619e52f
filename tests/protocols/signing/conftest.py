from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST, Registry
from idp.protocols.signing.keys import PrivateKey


@pytest.fixture(scope="session")
def staging() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def stranger() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def trusted(staging: PrivateKey) -> dict[str, str]:
    return {"development": PrivateKey.generate().public_key, "staging": staging.public_key}


@pytest.fixture(params=["memory", "http"])
async def registry(
    request: pytest.FixtureRequest, start_registry: Callable[[], Awaitable[Any]]
) -> AsyncIterator[Registry]:
    """In memory, and over HTTP to the embedded one."""
    if request.param == "memory":
        yield MemoryRegistry()
        return
    server = await start_registry()
    async with HttpRegistry(server.remote()) as client:
        yield client


@pytest.fixture
async def image(registry: Registry) -> str:
    """Digest of an image in `demo/hello`."""
    config = await registry.push_blob("demo/hello", b"{}", IMAGE_CONFIG)
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config.as_json(),
        "layers": [],
    }
    return (await registry.push_manifest("demo/hello", manifest)).digest
