"""`kill -9` in the middle of an upload: nothing half is kept, and the upload goes on."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from idp.embedded.registry.content import ContentStore
from idp.embedded.registry.garbage import verify

SERVER = """
import asyncio, socket, sys
from pathlib import Path
import uvicorn
from idp.embedded.registry.application import registry_application
from idp.kernel.access import Principal

class Everything:
    async def authenticate(self, username, password):
        return Principal(username)
    async def allowed(self, principal, service, repository, action):
        return True

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
application = registry_application(Path(sys.argv[1]), Everything())
config = uvicorn.Config(application, log_level="warning", ws="none", lifespan="off")
asyncio.run(uvicorn.Server(config).serve([listener]))
"""
UPLOADS = "/v2/demo/hello/blobs/uploads/"


async def start(data: Path) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(data), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = (await process.stdout.readline()).decode().strip()
    return process, f"http://127.0.0.1:{port}"


async def kill(process: asyncio.subprocess.Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()


async def test_an_upload_survives_kill_9(tmp_path: Path) -> None:
    content = hashlib.shake_256(b"seed").digest(8 * 2**20)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    stalled = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield content[: 4 * 2**20]
        stalled.set()
        await asyncio.Event().wait()

    process, url = await start(tmp_path)
    async with httpx.AsyncClient(auth=("a", "b"), trust_env=False) as http:
        location = (await http.post(url + UPLOADS)).headers["Location"]
        sending = asyncio.create_task(http.patch(url + location, content=half()))
        await stalled.wait()
        (file,) = (tmp_path / "repositories/demo/hello/_uploads").iterdir()
        while file.stat().st_size < 2**20:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        await kill(process)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert list(ContentStore(tmp_path).digests()) == []

    process, url = await start(tmp_path)
    async with httpx.AsyncClient(auth=("a", "b"), trust_env=False) as http:
        status = await http.get(url + location)
        received = int(status.headers["Range"].partition("-")[2]) + 1
        assert received >= 2**20
        rest = content[received:]
        done = await http.put(f"{url}{location}?digest={digest}", content=rest)
        assert done.status_code == 201
        assert (await http.get(url + done.headers["Location"])).content == content
    await kill(process)
    assert verify(tmp_path) == []
