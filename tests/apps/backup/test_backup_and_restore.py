"""A server alone, backed up while it is written to, and brought back."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from idp.apps.backup.backup import back_up
from idp.apps.backup.contents import Source
from idp.apps.backup.hold import used
from idp.apps.backup.instance import instance_of, restore_instance
from idp.apps.backup.restore import restore
from idp.apps.capabilities import capabilities
from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import settings_from_port
from idp.apps.platform.setup import prepare
from idp.apps.platform.signing_keys import rotate_key
from idp.capabilities.signing.ring import read_ring
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.embedded.apiserver.storage import database
from idp.kernel.audit import AuditLog
from idp.kernel.clock import utc_now
from idp.kernel.database import open_database
from idp.kernel.errors import (
    Conflict,
    Forbidden,
    IdpError,
    MissingPrerequisite,
    Unavailable,
    VerificationFailed,
)
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.standard import CONFIG_MAP
from idp.protocols.signing import encrypted

MIGRATIONS = [path for capability in capabilities() for path in capability.migrations]


def nobody_uses_it() -> None:
    raise AssertionError("nobody uses the folder")


def put(source: Source, file: Path, *, force: bool = False) -> None:
    restore(source, file, force=force, stop=nobody_uses_it, started=lambda: None)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """An instance's folder with history and keys; its server does not run."""
    folder = tmp_path / "instance"
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "trusted.json").write_text("{}")
    open_database(f"sqlite:///{folder / 'history.db'}", MIGRATIONS).dispose()
    return Source("instance", "uat", folder)


@asynccontextmanager
async def serving(source: Source) -> AsyncIterator[ApiServer]:
    with used(source.folder):
        history = open_database(f"sqlite:///{source.folder / 'history.db'}", MIGRATIONS)
        settings = ApiServerSettings(data=source.apiserver)
        async with ApiServer(settings, audit=AuditLog(history)) as server:
            server.kubeconfig(path=source.folder / "kubeconfig")
            yield server
        history.dispose()


async def create(server: ApiServer, name: str) -> int:
    manifest = {"metadata": {"name": name, "namespace": "default"}, "data": {"x": "y" * 500}}
    client = server.client("admin", ["system:masters"])
    created = await client.create(CONFIG_MAP, manifest)
    return int(created["metadata"]["resourceVersion"])


async def names(server: ApiServer) -> set[str]:
    listed = await server.client("admin", ["system:masters"]).list(CONFIG_MAP, "default")
    return {item["metadata"]["name"] for item in listed.items}


async def test_a_running_instance_is_backed_up_and_comes_back(
    source: Source, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    async with serving(source) as server:
        await create(server, "before")
        manifest = await asyncio.to_thread(back_up, source, file)
        later = await create(server, "later")
    assert {"apiserver/objects.db", "history.db", "keys/trusted.json"} <= {
        entry.path for entry in manifest.files
    }
    (source.folder / "keys" / "trusted.json").write_text("changed")
    put(source, file)
    assert (source.folder / "keys" / "trusted.json").read_text() == "{}"
    async with serving(source) as server:
        assert {"before"} <= await names(server)
        assert "later" not in await names(server)
        assert await create(server, "new") > later, "no resource version is given out twice"
    history = sqlite3.connect(source.folder / "history.db")
    actions = [row[0] for row in history.execute("SELECT action FROM audit")]
    history.close()
    assert "create configmaps" in actions
    assert "get /snapshot" in actions
    assert not list(source.folder.glob(".restore*"))


async def test_on_another_machine_old_stamps_count_and_new_ones_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encrypted, "_STANDARD", encrypted._LEGACY)
    lost, new = Layout(tmp_path / "lost"), Layout(tmp_path / "new")
    settings = settings_from_port(9600)
    for layout in (lost, new):
        prepare(layout, settings)
    rotate_key(lost, "uat", utc_now(), timedelta(0))
    before = instance_of(lost, "uat")
    async with serving(before) as server:
        await create(server, "a")
    manifest = back_up(before, tmp_path / "backup")
    paths = {entry.path for entry in manifest.files}
    assert {"keys/ring.json", "keys/authorities.json", "keys/cosign-2.key"} <= paths
    assert not any(path.startswith("hub") for path in paths)

    restore_instance(new, instance_of(new, "uat"), tmp_path / "backup", force=True)

    assert read_ring(new.instance("uat").keys) == read_ring(lost.instance("uat").keys)
    authorities = json.loads(new.instance("uat").authorities.read_text())
    for role in ("timestamps", "certificates"):
        trusted = "".join(authorities[role])
        for layout in (lost, new):
            first = (layout.signing_authorities / f"{role}.pem").read_text().partition("-----END")
            assert first[0] in trusted
    restore_instance(new, instance_of(new, "uat"), tmp_path / "backup", force=False)
    assert json.loads(new.instance("uat").authorities.read_text()) == authorities


async def test_a_backup_under_load_is_of_one_moment(source: Source, tmp_path: Path) -> None:
    """Each writer creates its objects in order: a backup must hold a prefix of each."""
    file = tmp_path / "backup"
    async with serving(source) as server:
        stop = asyncio.Event()

        async def write(writer: int) -> int:
            number = 0
            while not stop.is_set():
                await create(server, f"w{writer}-{number}")
                number += 1
            return number

        writers = [asyncio.create_task(write(writer)) for writer in range(4)]
        await asyncio.to_thread(back_up, source, file)
        stop.set()
        counts = [await writer for writer in writers]
    put(source, file)
    async with serving(source) as server:
        found = await names(server)
    for writer, count in enumerate(counts):
        mine = {int(name.split("-")[1]) for name in found if name.startswith(f"w{writer}-")}
        assert mine == set(range(len(mine)))
        assert len(mine) <= count


async def test_the_database_alone_goes_to_administrators_only(
    source: Source, tmp_path: Path
) -> None:
    async with serving(source) as server:
        path = tmp_path / "viewer"
        server.kubeconfig("viewer", ["idp:viewers"], path=path)
        async with HttpClient(settings_from_kubeconfig(path)) as client:
            with pytest.raises(Forbidden):
                await client.request("GET", "/snapshot")


async def test_a_stopped_instance_is_backed_up(source: Source, tmp_path: Path) -> None:
    async with serving(source) as server:
        await create(server, "a")
    back_up(source, tmp_path / "backup")
    put(source, tmp_path / "backup")
    async with serving(source) as server:
        assert "a" in await names(server)


async def test_what_runs_is_not_restored_under_its_feet(source: Source, tmp_path: Path) -> None:
    def refuse() -> None:
        raise Conflict("a server uses it")

    async with serving(source) as server:
        await create(server, "a")
        await asyncio.to_thread(back_up, source, tmp_path / "backup")
        with pytest.raises(Conflict):
            restore(source, tmp_path / "backup", force=False, stop=refuse, started=lambda: None)
        await create(server, "b")
        assert {"a", "b"} <= await names(server)


async def test_when_it_does_not_start_the_former_state_is_put_back(
    source: Source, tmp_path: Path
) -> None:
    async with serving(source) as server:
        await create(server, "a")
    back_up(source, tmp_path / "backup")
    async with serving(source) as server:
        await create(server, "b")

    def fails() -> None:
        raise Unavailable("it does not start")

    with pytest.raises(Unavailable, match="does not start"):
        restore(source, tmp_path / "backup", force=False, stop=nobody_uses_it, started=fails)
    async with serving(source) as server:
        assert {"a", "b"} <= await names(server)
    assert not list(source.folder.glob(".restore*"))


async def test_the_backup_of_another_instance_takes_force(source: Source, tmp_path: Path) -> None:
    async with serving(source) as server:
        await create(server, "a")
    back_up(source, tmp_path / "backup")
    other = Source("instance", "production", tmp_path / "other")
    other.folder.mkdir()
    async with serving(other):
        pass
    with pytest.raises(Conflict, match=r"another instance \(uat\)"):
        put(other, tmp_path / "backup")
    put(other, tmp_path / "backup", force=True)
    async with serving(other) as server:
        assert "a" in await names(server)
    with pytest.raises(Conflict, match="of kind instance, not apiserver"):
        put(Source("apiserver", "", tmp_path / "alone"), tmp_path / "backup", force=True)


def damage_archive(file: Path, _patch: pytest.MonkeyPatch) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def know_less(_file: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(database, "FORMAT", database.FORMAT - 1)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [(damage_archive, VerificationFailed), (know_less, MissingPrerequisite)],
)
async def test_what_cannot_be_read_changes_nothing(
    source: Source,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: object,
    error: type[IdpError],
) -> None:
    async with serving(source) as server:
        await create(server, "a")
    back_up(source, tmp_path / "backup")
    assert callable(spoil)
    with monkeypatch.context() as patch:
        spoil(tmp_path / "backup", patch)
        with pytest.raises(error):
            put(source, tmp_path / "backup")
    async with serving(source) as server:
        assert "a" in await names(server)
    assert not list(source.folder.glob(".restor*"))


def test_a_damaged_database_is_not_backed_up(tmp_path: Path) -> None:
    source = Source("apiserver", "", tmp_path / "api")
    asyncio.run(_served_once(source))
    path = source.folder / "objects.db"
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 4] = os.urandom(4096 * 2)
    path.write_bytes(content)
    with pytest.raises(MissingPrerequisite, match="damaged"):
        back_up(source, tmp_path / "backup")
    assert list(tmp_path.iterdir()) == [source.folder]


async def _served_once(source: Source) -> None:
    async with ApiServer(ApiServerSettings(data=source.folder)) as server:
        await create(server, "a")
