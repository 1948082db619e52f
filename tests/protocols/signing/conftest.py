from __future__ import annotations

import pytest

from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST
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


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


@pytest.fixture
async def image(registry: MemoryRegistry) -> str:
    """Digest of an image in `demo/hello`."""
    config = await registry.push_blob("demo/hello", b"{}", IMAGE_CONFIG)
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config.as_json(),
        "layers": [],
    }
    return (await registry.push_manifest("demo/hello", manifest)).digest
