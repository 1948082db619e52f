from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idp.capabilities.promotion.artifact import publish
from idp.capabilities.promotion.kinds import Promotion, Release
from idp.kernel.conditions import condition_of
from idp.kernel.standard import LEASE

REPOSITORY = "demo/hello"


async def test_release_goes_from_development_to_staging_by_itself(world: Any, gateway: Any) -> None:
    release = await world.release()
    for environment in ("development", "staging"):
        instance = await world.instance(environment)
        async with asyncio.timeout(30), instance.engines(), instance.process():
            done = await instance.promotion(["Succeeded", "Failed"])
        assert done["status"]["phase"] == "Succeeded", done["status"]["message"]
        assert [s["name"] for s in done["status"]["steps"]] == (
            [
                "admit",
                "scan",
                "verdict",
                "approval",
                "gates",
                "commit",
                "sync",
                "confirm",
                "verify",
                "performance",
                "attest",
            ]
        )
        assert done["status"]["image"] == release["image"]
        (commit,) = await instance.commits()
        assert commit.id == done["status"]["commit"]
        assert f"hello.{environment}.localhost:{gateway.port}" in gateway.hosts
    imported = await instance.api.get(Release.type(), release["name"], "demo")
    assert (condition_of(imported, "Admitted") or {})["status"] == "True"
    (entry,) = instance.ledger()
    assert (entry.phase, entry.initiator, entry.release_digest) == (
        "Succeeded",
        "platform",
        release["digest"],
    )
    assert entry.verdict["decision"] == "Allow"
    assert not (await instance.api.list(LEASE)).items


@pytest.mark.parametrize("forged", [False, True], ids=["skipped", "forged attestation"])
async def test_a_release_that_staging_did_not_verify_is_refused_in_uat(
    world: Any, forged: bool
) -> None:
    release = await world.release()
    await world.verified(release, "development")
    if forged:
        await world.verified(release, "staging", signer=world.keys["development"])
    uat = await world.instance("uat")
    async with asyncio.timeout(30), uat.engines(), uat.process():
        await uat.imported(release)
        await uat.start(release["name"])
        done = await uat.promotion(["Succeeded", "Failed"])
    status = done["status"]
    assert status["phase"] == "Failed"
    assert "was not verified in staging" in status["message"]
    assert "cannot skip an environment" in status["message"]
    assert "idp-cli promote hello --environment staging" in status["remedy"]
    assert ("signed" in status["message"]) is forged or "do not count" in status["message"]
    assert await uat.commits() == []
    condition = condition_of(await uat.api.get(Release.type(), release["name"], "demo"), "Admitted")
    assert condition is not None
    assert condition["status"] == "False"


async def test_nothing_starts_by_itself_without_a_valid_verification(world: Any) -> None:
    release = await world.release()
    await world.verified(release, "development", signer=world.keys["production"])
    staging = await world.instance("staging")
    async with asyncio.timeout(30), staging.engines(), staging.process():
        await staging.imported(release)
        other = await world.release(2)
        await world.verified(other, "development")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("idp.capabilities.promotion.controllers.releases.RESYNC_SECONDS", 0.01)
            async with staging.process():
                await staging.promotion(["Succeeded"])
    promotions = (await staging.api.list(Promotion.type())).items
    assert [p["spec"]["release"] for p in promotions] == [other["name"]]


async def test_a_release_signed_by_another_key_is_not_imported(world: Any) -> None:
    await world.release(1, signer=world.keys["staging"])
    good = await world.release(2)
    development = await world.instance("development")
    async with asyncio.timeout(30), development.engines(), development.process():
        await development.promotion(["Succeeded"])
    releases = (await development.api.list(Release.type())).items
    assert [r["metadata"]["name"] for r in releases] == [good["name"]]


async def test_a_release_object_that_says_another_image_is_refused(world: Any) -> None:
    release = await world.release()
    development = await world.instance("development")
    forged = {k: v for k, v in release.items() if k != "name"}
    forged["image"] = f"127.0.0.1:8600/{REPOSITORY}@sha256:{'e' * 64}"
    meta = {"name": release["name"], "namespace": "demo"}
    await development.api.create(Release.type(), {"metadata": meta, "spec": forged})
    message = await development.refuses()
    assert "says something else than the artifact" in message


async def test_an_image_without_provenance_of_this_commit_is_refused(world: Any) -> None:
    development = await world.instance("development")
    release = await world.release(1)
    spec = {k: v for k, v in release.items() if k not in ("name", "digest")}
    spec |= {"version": "r2-0000002"}
    spec["source"] = {**spec["source"], "commit": f"{2:040x}", "count": 2}
    await publish(world.registry, spec, REPOSITORY, "r2-0000002", world.keys["development"])
    message = await development.refuses()
    assert f"not from the release's commit {2:040x}" in message


async def test_a_finding_that_blocks_is_refused_with_what_to_fix(world: Any) -> None:
    await world.release()
    development = await world.instance("development")
    finding = {"id": "CVE-1", "severity": 9.8, "package": "flask"}
    development.scanners = [{"name": "dependencies", "status": "findings", "findings": [finding]}]
    message = await development.refuses()
    assert "verdict: denied: dependencies found CVE-1 in flask with severity 9.8" in message
