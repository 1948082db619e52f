"""An engine that is killed and started again goes on where the API and Git say it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.kernel.controller import Request
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import ARGO_APPLICATION, CONFIG_MAP
from support.running import running

World = Any
ConfigMap = Any


async def test_pruning_does_not_need_the_former_status(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a"), "b.yaml": new_config_map("b")})
    await world.application()
    async with running(world.engine()):
        await world.synced()
    revision = await world.commit({"b.yaml": None})
    await world.client.patch(
        ARGO_APPLICATION, "hello", {"status": None}, "argocd", subresource="status"
    )
    async with running(world.engine()):
        await world.synced(revision)
    assert await world.map("b") is None


async def test_a_sync_that_was_cut_off_goes_on(
    world: World, new_config_map: ConfigMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    apply = world.client.apply

    async def dying(type: Any, manifest: Manifest, **options: Any) -> Manifest:
        if not options.get("dry_run") and manifest["metadata"]["name"] == "b":
            raise Killed
        result: Manifest = await apply(type, manifest, **options)
        return result

    revision = await world.commit({"a.yaml": new_config_map("a"), "b.yaml": new_config_map("b")})
    await world.application()
    with monkeypatch.context() as patched:
        patched.setattr(world.client, "apply", dying)
        with pytest.raises(Killed):
            await world.engine().reconcile(Request("argocd", "hello"))
    assert await world.map("a") is not None
    assert await world.map("b") is None
    async with running(world.engine()):
        await world.synced(revision)
    assert await world.map("b") is not None


async def test_a_look_that_finds_nothing_new_writes_nothing(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a")})
    await world.application()
    async with running(world.engine()):
        await world.synced()
    before = (await world.client.list(CONFIG_MAP)).resource_version
    engine = world.engine()
    for _ in range(3):
        await engine.reconcile(Request("argocd", "hello"))
    assert (await world.client.list(CONFIG_MAP)).resource_version == before


async def test_a_kind_served_in_two_versions_counts_once(
    world: World, new_config_map: ConfigMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.commit({"a.yaml": new_config_map("a"), "b.yaml": new_config_map("b")})
    await world.application(syncPolicy={"automated": {}})
    async with running(world.engine()):
        await world.synced()
    engine = world.engine()

    async def defined() -> list[ResourceType]:
        return [CONFIG_MAP, replace(CONFIG_MAP, version="v1beta1")]

    monkeypatch.setattr(engine._kinds, "defined", defined)
    revision = await world.commit({"b.yaml": None})
    await engine.reconcile(Request("argocd", "hello"))
    found = await world.until(lambda m: m["status"]["sync"]["revision"] == revision)
    assert [r["name"] for r in found["status"]["resources"]] == ["a", "b"]
