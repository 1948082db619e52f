"""uv: what it installs from wheels made here, and what its failures mean."""

from __future__ import annotations

import socket
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.building.clients.host import host_runtime
from idp.capabilities.building.clients.sandbox import Sandbox
from idp.capabilities.building.clients.uv import UvInstaller
from idp.kernel.errors import IdpError, InvalidInput, Unavailable, VerificationFailed

Write = Callable[[Path, dict[str, str]], Path]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work" / "into").mkdir(parents=True)
    return tmp_path / "work"


@pytest.fixture
def installer(tmp_path: Path, wheels: Path) -> UvInstaller:
    settings = {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels)}
    return UvInstaller(host_runtime(), tmp_path / "cache", settings=settings)


async def test_wheels_are_installed_and_compiled(
    installer: UvInstaller, work: Path, make_wheel: Any
) -> None:
    wheel = make_wheel("one")
    await installer.install(wheel.requirement, work / "into", work)
    assert (work / "into/one.py").read_text() == 'VERSION = "1.0"\n'
    (compiled,) = (work / "into/__pycache__").iterdir()
    assert compiled.read_bytes()[4:8] == b"\x01\0\0\0"  # by hash of the source, unchecked


async def test_what_the_builder_changes_does_not_reach_the_cache(
    installer: UvInstaller, work: Path, make_wheel: Any
) -> None:
    wheel = make_wheel("one")
    await installer.install(wheel.requirement, work / "into", work)
    (work / "into/one.py").write_text("changed")
    (work / "again").mkdir()
    await installer.install(wheel.requirement, work / "again", work)
    assert (work / "again/one.py").read_text() == 'VERSION = "1.0"\n'


async def test_another_digest_than_the_locks_is_refused(
    installer: UvInstaller, work: Path, make_wheel: Any
) -> None:
    make_wheel("one")
    with pytest.raises(VerificationFailed) as refusal:
        await installer.install(f"one==1.0 --hash=sha256:{'0' * 64}\n", work / "into", work)
    assert refusal.value.remedy
    assert not (work / "into/one.py").exists()


async def test_what_is_not_there_is_named(installer: UvInstaller, work: Path) -> None:
    with pytest.raises(IdpError, match="absent"):
        await installer.install(f"absent==1.0 --hash=sha256:{'0' * 64}\n", work / "into", work)


async def test_an_index_that_is_down_is_unavailable(tmp_path: Path, work: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    settings = {
        "UV_DEFAULT_INDEX": f"http://user:hidden-word@127.0.0.1:{port}/simple",
        "UV_HTTP_RETRIES": "0",
    }
    installer = UvInstaller(host_runtime(), tmp_path / "cache", settings=settings)
    with pytest.raises(Unavailable) as refusal:
        await installer.install(f"x==1.0 --hash=sha256:{'0' * 64}\n", work / "into", work)
    assert "hidden-word" not in str(refusal.value)


async def test_a_uv_lock_is_exported_without_the_project_and_its_tools(
    installer: UvInstaller, work: Path, tmp_path: Path, write_tree: Write
) -> None:
    def package(name: str) -> str:
        wheel = f"https://example.invalid/{name}-1.0-py3-none-any.whl"
        return (
            f'[[package]]\nname = "{name}"\nversion = "1.0"\n'
            'source = { registry = "https://pypi.org/simple" }\n'
            f'wheels = [{{ url = "{wheel}", hash = "sha256:{"a" * 64}", size = 1 }}]\n'
        )

    project = write_tree(
        tmp_path / "project",
        {
            "pyproject.toml": '[project]\nname = "hello"\nversion = "1"\n'
            'requires-python = ">=3.11"\ndependencies = ["one"]\n'
            '[dependency-groups]\ndev = ["two"]\n',
            "uv.lock": 'version = 1\nrequires-python = ">=3.11"\n'
            '[[package]]\nname = "hello"\nversion = "1"\nsource = { virtual = "." }\n'
            'dependencies = [{ name = "one" }]\n'
            '[package.dev-dependencies]\ndev = [{ name = "two" }]\n'
            + package("one")
            + package("two"),
        },
    )
    exported = tomllib.loads(await installer.export_lock(project, work))
    assert [found["name"] for found in exported["packages"]] == ["one"]
    assert not (project / ".venv").exists()


async def test_a_broken_uv_lock_is_refused(
    installer: UvInstaller, work: Path, tmp_path: Path, write_tree: Write
) -> None:
    project = write_tree(
        tmp_path / "project",
        {"pyproject.toml": '[project]\nname = "x"\nversion = "1"\n', "uv.lock": "version = 99\n"},
    )
    with pytest.raises(InvalidInput, match=r"uv\.lock cannot be read"):
        await installer.export_lock(project, work)


async def test_it_works_without_a_sandbox_and_says_so(
    tmp_path: Path, wheels: Path, work: Path, make_wheel: Any
) -> None:
    settings = {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels)}
    installer = UvInstaller(
        host_runtime(), tmp_path / "cache", settings=settings, sandbox=Sandbox(None)
    )
    assert await installer.sandbox() == "none"
    assert (await installer.version()).startswith("uv ")
    await installer.install(make_wheel("one").requirement, work / "into", work)
    assert (work / "into/one.py").exists()
