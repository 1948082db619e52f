"""`kill -9` during writes: nothing that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.standard import CONFIG_MAP

PROGRAM = """
import asyncio, sys
from pathlib import Path
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.standard import CONFIG_MAP

async def write(client, worker):
    for number in range(10_000):
        name = f"w{worker}-{number}"
        manifest = {"metadata": {"name": name, "namespace": "default"}}
        created = await client.create(CONFIG_MAP, manifest)
        print(name, created["metadata"]["resourceVersion"], flush=True)

async def main():
    async with ApiServer(ApiServerSettings(data=Path(sys.argv[1]))) as server:
        client = server.client("admin", ["system:masters"])
        await asyncio.gather(*(write(client, worker) for worker in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 60])
async def test_acknowledged_writes_survive(tmp_path: Path, acknowledged: int) -> None:
    data = tmp_path / "data"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(data), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(acknowledged)]
    process.kill()
    rest, _ = await process.communicate()
    written = dict(line.decode().split() for line in [*lines, *rest.splitlines()] if b" " in line)
    assert len(written) >= acknowledged
    async with ApiServer(ApiServerSettings(data=data)) as server:
        client = server.client("admin", ["system:masters"])
        listed = await client.list(CONFIG_MAP, "default")
        found = {m["metadata"]["name"]: m["metadata"]["resourceVersion"] for m in listed.items}
        assert written.items() <= found.items()
        assert int(listed.resource_version) > max(int(version) for version in written.values())
