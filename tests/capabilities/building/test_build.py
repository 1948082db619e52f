"""Source in, image out: the same source and lock give the same image, whatever else differs."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.capabilities.building.build import Builder, BuiltImage
from idp.capabilities.building.clients.host import host_runtime
from idp.capabilities.building.clients.uv import UvInstaller
from idp.capabilities.building.dependencies import DependencyLayers
from idp.capabilities.building.layer_cache import LayerCache
from idp.capabilities.building.render import Origin
from idp.kernel.errors import InvalidInput
from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import Registry

Write = Callable[[Path, dict[str, str]], Path]
Build = Callable[..., Any]

REPOSITORY = "demo/hello"
ORIGIN = Origin("hello", "demo/hello", "c" * 40, datetime(2026, 1, 1, tzinfo=UTC))


class Machine:
    """A builder with folders of its own, and what it reported."""

    def __init__(self, folder: Path, wheels: Path, registry: Registry) -> None:
        settings = {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels)}
        runtime = host_runtime()
        self.folder = folder
        self.registry = registry
        self.reports: list[str] = []
        self.builder = Builder(
            DependencyLayers(
                UvInstaller(runtime, folder / "uv", settings=settings),
                runtime,
                LayerCache(folder / "layers"),
            )
        )

    async def report(self, text: str) -> None:
        self.reports.append(text)

    async def build(self, source: Path) -> BuiltImage:
        self.reports.clear()
        return await self.builder.build(
            source,
            ORIGIN,
            registry=self.registry,
            repository=REPOSITORY,
            work=self.folder / "work",
            report=self.report,
        )

    async def layers(self, digest: str) -> list[tuple[str, dict[str, tarfile.TarInfo]]]:
        """Digest and entries of each layer."""
        manifest = orjson.loads((await self.registry.manifest(REPOSITORY, digest)).body)
        found = []
        for layer in manifest["layers"]:
            content = await self.registry.blob(REPOSITORY, layer["digest"])
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                found.append((layer["digest"], {m.name: m for m in archive.getmembers()}))
        return found


@pytest.fixture
def machine(tmp_path: Path, wheels: Path) -> Machine:
    return Machine(tmp_path / "machine", wheels, MemoryRegistry())


@pytest.fixture
def project(tmp_path: Path, write_tree: Write, make_wheel: Any) -> Path:
    one = make_wheel("one", scripts={"one": "one:main"}, data_scripts={"own": "#!python\n"})
    two = make_wheel("two", files={"two/__init__.py": "", "two/data.txt": "x"})
    return write_tree(
        tmp_path / "project",
        {
            "pylock.toml": 'lock-version = "1.0"\n' + two.pylock + one.pylock,
            "pyproject.toml": '[project]\nname = "hello"\n[project.scripts]\nhi = "hello:main"\n',
            "src/hello/__init__.py": "def main() -> None: ...\n",
            "run.sh": "#!/bin/sh\n",
        },
    )


async def test_an_image_holds_dependencies_and_application(machine: Machine, project: Path) -> None:
    (project / "run.sh").chmod(0o755)
    built = await machine.build(project)
    (_, packages), (_, application) = await machine.layers(built.digest)
    assert {"app/site-packages/one.py", "app/site-packages/two/data.txt"} <= set(packages)
    assert packages["app/site-packages/bin/one"].mode == 0o755
    assert {"app/src/hello/__init__.py", "app/pylock.toml", "app/.idp/bin/hi"} <= set(application)
    assert application["app/run.sh"].mode == 0o755
    assert application["app/pyproject.toml"].mode == 0o644
    assert not set(packages) & (set(application) - {"app"})


async def test_what_was_done_is_recorded(machine: Machine, project: Path) -> None:
    built = await machine.build(project)
    assert [(d.name, d.version, len(d.hashes)) for d in built.dependencies] == [
        ("one", "1.0", 1),
        ("two", "1.0", 1),
    ]
    assert built.lock == "pylock.toml"
    assert built.lock_digest.startswith("sha256:")
    assert built.base == "host"
    assert set(built.builder) == {"idp", "python", "uv", "sandbox"}
    confined = built.builder["sandbox"]
    confined = "without a sandbox" if confined == "none" else f"inside {confined}"
    assert machine.reports[:3] == [
        "Python project: pyproject.toml is there; dependencies from pylock.toml",
        "resolving 2 packages from pylock.toml",
        f"installing 2 packages {confined}",
    ]
    assert machine.reports[-1].startswith("pushing layer 2/2 ")


async def test_the_same_source_and_lock_give_the_same_image_on_another_machine(
    machine: Machine, project: Path, tmp_path: Path, wheels: Path
) -> None:
    first = await machine.build(project)
    elsewhere = tmp_path / "quite" / "another folder"
    shutil.copytree(project, elsewhere)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(path.stat().st_mode & 0o700)
    before = os.umask(0o077)
    try:
        other = Machine(tmp_path / "other", wheels, MemoryRegistry())
        second = await other.build(elsewhere)
    finally:
        os.umask(before)
    assert second.digest == first.digest


async def test_a_source_only_change_leaves_the_dependencies_alone(
    machine: Machine, project: Path
) -> None:
    first = await machine.build(project)
    (project / "src/hello/__init__.py").write_text("changed = True\n")
    second = await machine.build(project)
    assert "2 packages unchanged: layer from the cache" in machine.reports
    old, new = await machine.layers(first.digest), await machine.layers(second.digest)
    assert old[0][0] == new[0][0]
    assert old[1][0] != new[1][0]


async def test_a_damaged_layer_of_the_cache_is_made_anew(machine: Machine, project: Path) -> None:
    first = await machine.build(project)
    (layer,) = (machine.folder / "layers").glob("*.tar.gz")
    content = bytearray(layer.read_bytes())
    content[len(content) // 2] ^= 1
    layer.write_bytes(content)
    second = await machine.build(project)
    assert second.digest == first.digest
    assert any("installing" in report for report in machine.reports)


async def test_a_build_that_was_killed_leaves_nothing_that_matters(
    machine: Machine, project: Path
) -> None:
    leftover = machine.folder / "work" / "site-packages" / "evil.py"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("")
    built = await machine.build(project)
    (_, packages), _ = await machine.layers(built.digest)
    assert "app/site-packages/evil.py" not in packages


async def test_requirements_with_hashes(
    machine: Machine, tmp_path: Path, write_tree: Write, make_wheel: Any
) -> None:
    source = write_tree(
        tmp_path / "source",
        {
            "requirements.txt": make_wheel("one").requirement,
            "Procfile": "web: serve --port $PORT",
        },
    )
    built = await machine.build(source)
    assert [d.name for d in built.dependencies] == ["one"]
    manifest = orjson.loads((await machine.registry.manifest(REPOSITORY, built.digest)).body)
    config = orjson.loads(await machine.registry.blob(REPOSITORY, manifest["config"]["digest"]))
    assert config["config"]["Cmd"] == ["/bin/sh", "-c", 'exec serve --port "${PORT}"']


async def test_a_project_without_dependencies_has_one_layer(
    machine: Machine, tmp_path: Path, write_tree: Write
) -> None:
    source = write_tree(tmp_path / "source", {"requirements.txt": "", "x/__main__.py": ""})
    built = await machine.build(source)
    assert len(await machine.layers(built.digest)) == 1


async def test_a_static_site(machine: Machine, tmp_path: Path, write_tree: Write) -> None:
    source = write_tree(
        tmp_path / "source",
        {
            "index.html": "<html>",
            "css/a.css": "",
            "idp.yaml": "kind: Other",
            ".hidden": "secret",
            "x/.git-credentials": "secret",
        },
    )
    built = await machine.build(source)
    (_, server), (_, site) = await machine.layers(built.digest)
    assert set(server) == {"app", "app/serve.py"}
    files = {name for name, entry in site.items() if entry.isfile()}
    assert files == {"app/site/index.html", "app/site/css/a.css"}
    assert (built.lock, built.lock_digest, built.dependencies) == ("", "", ())


async def test_a_refused_source_pushes_nothing(
    machine: Machine, tmp_path: Path, write_tree: Write
) -> None:
    source = write_tree(tmp_path / "source", {"main.c": ""})
    with pytest.raises(InvalidInput, match="nothing that can be built"):
        await machine.build(source)
    assert await machine.registry.repositories() == []


@pytest.fixture
async def remote(registry: Any) -> AsyncIterator[HttpRegistry]:
    async with HttpRegistry(registry.remote()) as client:
        yield client


async def test_an_image_goes_to_a_real_registry(
    tmp_path: Path, wheels: Path, project: Path, remote: HttpRegistry
) -> None:
    machine = Machine(tmp_path / "machine", wheels, remote)
    built = await machine.build(project)
    assert (await remote.manifest(REPOSITORY, built.digest)).digest == built.digest
    assert await remote.tags(REPOSITORY) == []
