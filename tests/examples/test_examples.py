"""The example applications: what they promise, and that they run as the platform runs them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import sys
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from runpy import run_path

import httpx
import pytest

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.building.facts import read_facts
from idp.capabilities.building.source import scan
from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.kernel.strict_yaml import load_documents

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = {"hello-python": "hello", "hello-static": "hello-static", "datasette": "datasette"}

Start = Callable[..., Awaitable[tuple[asyncio.subprocess.Process, str]]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def running(
    *command: str, folder: Path, health: str, **environment: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(part.replace("$(PORT)", str(port)) for part in command),
        cwd=folder,
        env={"PATH": os.defpath, "PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(60):
            while not await answers(http, url + health):
                assert process.returncode is None
                await asyncio.sleep(0.05)
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def begin(
            *command: str, folder: Path, health: str, **environment: str
        ) -> tuple[asyncio.subprocess.Process, str]:
            return await stack.enter_async_context(
                running(*command, folder=folder, health=health, **environment)
            )

        yield begin


@pytest.mark.parametrize("folder", NAMES)
def test_manifests_are_valid(folder: str) -> None:
    data = (EXAMPLES / folder / "idp.yaml").read_bytes()
    for document in load_documents(data, name="idp.yaml"):
        if document["kind"] == "WebApplication":
            WebApplication.parse(document)
        else:
            ApplicationConfiguration.parse(document)
    assert read_facts(data.decode(), NAMES[folder]).name == NAMES[folder]


@pytest.mark.parametrize("folder", NAMES)
def test_the_source_is_small_and_whole(folder: str) -> None:
    tree = scan(EXAMPLES / folder)
    assert "README.md" in tree.paths()
    assert sum(file.size for file in tree.files) < 2**19


@pytest.mark.parametrize("folder", ["hello-python", "datasette"])
def test_locks_name_the_public_index(folder: str) -> None:
    lock = tomllib.loads((EXAMPLES / folder / "uv.lock").read_text())
    for package in lock["package"]:
        source = package["source"]
        assert source in ({"registry": "https://pypi.org/simple"}, {"virtual": "."})
        for wheel in package.get("wheels", []):
            assert wheel["url"].startswith("https://files.pythonhosted.org/")
            assert wheel["hash"].startswith("sha256:")


def test_the_database_is_what_its_script_writes(tmp_path: Path) -> None:
    run_path(str(EXAMPLES / "datasette/make_database.py"))["make_database"](tmp_path / "moons.db")
    tables = []
    for path in (EXAMPLES / "datasette/moons.db", tmp_path / "moons.db"):
        database = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
        tables.append(list(database.iterdump()))
        database.close()
    assert tables[0] == tables[1]
    assert len(tables[0]) > 20


def hello() -> dict[str, str]:
    """The test's own environment stands for the image's packages: it has PyYAML too."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    return {"PYTHONPATH": f"src:{packages}"}


async def test_hello_says_who_it_is(start: Start, tmp_path: Path) -> None:
    configuration = tmp_path / "configuration.yaml"
    configuration.write_text("greeting: Hello from a file\n")
    _, url = await start(
        sys.executable,
        "-m",
        "hello",
        folder=EXAMPLES / "hello-python",
        health="/healthz",
        IDP_APPLICATION="hello",
        IDP_ENVIRONMENT="staging",
        IDP_CONFIGURATION=str(configuration),
        **hello(),
    )
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        assert (await http.get("/")).json() == {
            "name": "hello",
            "version": "1.0.0",
            "environment": "staging",
            "release": "",
            "greeting": "Hello from a file",
        }
        assert (await http.get("/none")).status_code == 404


async def test_hello_finishes_what_it_began(start: Start) -> None:
    process, url = await start(
        sys.executable,
        "-m",
        "hello",
        folder=EXAMPLES / "hello-python",
        health="/healthz",
        **hello(),
    )
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        # This answer comes from a later connection: the slow request has been taken up by then.
        await http.get("/")
        process.send_signal(signal.SIGTERM)
        assert (await http.get("/")).is_success
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert json.loads(answer.rpartition(b"\r\n")[2])["greeting"] == "Hello"
    assert await process.wait() == 0


async def test_the_static_server_ends_in_order(start: Start) -> None:
    server = Path(read_facts.__code__.co_filename).with_name("serve.py")
    process, url = await start(
        sys.executable,
        str(server),
        "public",
        folder=EXAMPLES / "hello-static",
        health="/",
    )
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        assert "Hello" in (await http.get("/")).text
        assert (await http.get("/style.css")).headers["Content-Type"].startswith("text/css")
        process.send_signal(signal.SIGTERM)
        assert (await http.get("/")).headers["Connection"] == "close"
    assert await process.wait() == 0
