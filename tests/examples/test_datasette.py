"""Datasette, from PyPI by its lock file: built by the platform, then run from the image."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from idp.capabilities.building.build import Builder
from idp.capabilities.building.clients.host import host_runtime
from idp.capabilities.building.clients.uv import UvInstaller
from idp.capabilities.building.dependencies import DependencyLayers
from idp.capabilities.building.layer_cache import LayerCache
from idp.capabilities.building.render import Origin
from idp.protocols.oci.memory import MemoryRegistry

SOURCE = Path(__file__).resolve().parents[2] / "examples" / "datasette"
REPOSITORY = "demo/datasette"

pytestmark = [pytest.mark.network, pytest.mark.timeout(300)]


async def build(folder: Path, registry: MemoryRegistry) -> str:
    runtime = host_runtime()
    layers = DependencyLayers(
        UvInstaller(runtime, folder.parent / "uv"), runtime, LayerCache(folder / "layers")
    )

    async def report(_text: str) -> None:
        pass

    built = await Builder(layers).build(
        SOURCE,
        Origin("datasette", REPOSITORY, "c" * 40, datetime(2026, 1, 1, tzinfo=UTC)),
        registry=registry,
        repository=REPOSITORY,
        work=folder / "work",
        report=report,
    )
    return built.digest


async def unpack(registry: MemoryRegistry, digest: str, into: Path) -> dict[str, Any]:
    """Unpack an image; gives its configuration."""
    manifest = orjson.loads((await registry.manifest(REPOSITORY, digest)).body)
    for layer in manifest["layers"]:
        content = await registry.blob(REPOSITORY, layer["digest"])
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(into, filter="data")
    config: dict[str, Any] = orjson.loads(
        await registry.blob(REPOSITORY, manifest["config"]["digest"])
    )
    return config["config"]  # type: ignore[no-any-return]


async def ready(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(60):
        while True:
            try:
                if (await http.get(f"{url}/-/versions.json")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


async def test_datasette_is_built_twice_alike_and_serves_its_database(tmp_path: Path) -> None:
    registry = MemoryRegistry()
    digest = await build(tmp_path / "one", registry)
    assert await build(tmp_path / "two", registry) == digest
    root = tmp_path / "root"
    config = await unpack(registry, digest, root)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    # The image's paths begin at its own root; the machine's Python comes first, as in a pod.
    environment = {
        name: value.replace("/app", f"{root}/app")
        for name, value in (variable.split("=", 1) for variable in config["Env"])
    }
    environment["PATH"] = f"{host_runtime().base}/bin:{environment['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *config["Cmd"],
        cwd=f"{root}{config['WorkingDir']}",
        env={**environment, "PORT": str(port), "HOME": os.fspath(tmp_path)},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        await ready(url)
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            rows = (await http.get("/moons/moons.json?_shape=array&_size=100")).json()
            page = (await http.get("/moons/moons")).text
    finally:
        process.kill()
        await process.wait()
    assert {"Titan", "Europa", "Moon"} <= {row["name"] for row in rows}
    assert "Ganymede" in page
