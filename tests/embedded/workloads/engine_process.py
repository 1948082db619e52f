"""An engine in a process of its own, so that a test can kill it.

Its API is a `MemoryClient` whose every acknowledged write is in a file, as a real API server's
would be in its database. Usage: `engine_process.py STATE DATA IMAGES`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Literal

import orjson

from idp.embedded.workloads.engine import WorkloadEngine
from idp.embedded.workloads.images.registry import RegistryImages
from idp.embedded.workloads.settings import WorkloadSettings
from idp.kernel import standard
from idp.kernel.errors import Unavailable
from idp.kernel.memory_client import Key, MemoryClient
from idp.kernel.resource import Manifest, ResourceType
from idp.protocols.oci.ports import Registry


class DurableClient(MemoryClient):
    """Objects that outlive the process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        for type in vars(standard).values():
            if isinstance(type, ResourceType):
                self._types[(type.group, type.plural)] = type
        if path.exists():
            for group, plural, namespace, name, manifest in orjson.loads(path.read_bytes()):
                self._objects[(group, plural, namespace, name)] = manifest

    async def _commit(
        self,
        type: ResourceType,
        key: Key,
        event: Literal["ADDED", "MODIFIED", "DELETED"],
        m: Manifest,
    ) -> Manifest:
        result = await super()._commit(type, key, event, m)
        temporary = self._path.with_suffix(".tmp")
        temporary.write_bytes(orjson.dumps([[*key, m] for key, m in self._objects.items()]))
        temporary.replace(self._path)
        return result


def no_registry(host: str) -> Registry:
    raise Unavailable(f"there is no registry {host}")


async def main(state: Path, data: Path, images: Path) -> None:
    await WorkloadEngine(
        DurableClient(state),
        data=data,
        images=RegistryImages(no_registry, data=images),
        settings=WorkloadSettings(drain_seconds=0.1, restart_base_seconds=0.1),
    ).run()


if __name__ == "__main__":
    asyncio.run(main(*(Path(argument) for argument in sys.argv[1:4])))
