from __future__ import annotations

import asyncio
import contextlib
from types import MappingProxyType
from typing import Any

import pytest

from idp.capabilities.promotion.artifact import publish
from idp.capabilities.promotion.controllers import releases
from idp.capabilities.promotion.controllers.releases import ReleaseImporter
from idp.capabilities.promotion.kinds import Release
from idp.capabilities.signing.kinds import InstanceTrust, TrustPolicy
from idp.kernel.errors import Unavailable
from idp.kernel.standard import EVENT, NAMESPACE
from idp.protocols.signing.attestations import attach
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import VERIFIED
from support.keys import Stolen, logged_key

REPOSITORY = "demo/hello"
STAGING = logged_key("staging")


async def cut(bench: Any, count: int = 1, *, signer: Any = None, **changes: Any) -> str:
    spec = bench.spec(count, **changes)
    del spec["digest"]
    key = signer or bench.key
    digest = await publish(bench.registry, spec, spec["repository"], spec["version"], key)
    return str(digest)


def importer(
    bench: Any, pins: Any = None, authorities: Any = MappingProxyType({}), **more: Any
) -> ReleaseImporter:
    keys = {"development": pins or bench.key.public_key, "staging": STAGING.public_key}
    trust = InstanceTrust(bench.client, keys, authorities)
    return ReleaseImporter(bench.client, bench.registry, trust, origin="development", **more)


async def names(bench: Any) -> list[str]:
    return [m["metadata"]["name"] for m in (await bench.client.list(Release.type())).items]


class Counting:
    """Counts the requests to a registry."""

    def __init__(self, registry: Any) -> None:
        self._registry, self.calls = registry, list[str]()

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._registry, name)


async def test_a_signed_release_is_imported_with_its_namespace(bench: Any) -> None:
    digest = await cut(bench)
    await importer(bench).look()
    release = Release.parse(await bench.client.get(Release.type(), "hello-r1-0000000", "demo"))
    assert release.spec.digest == digest
    assert release.metadata.labels["platform.idp/application"] == "hello"
    namespace = await bench.client.get(NAMESPACE, "demo")
    assert namespace["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "idp"}


async def test_imported_once_over_restarts(bench: Any) -> None:
    await cut(bench)
    for _ in range(3):
        await importer(bench).look()
    release = await bench.client.get(Release.type(), "hello-r1-0000000", "demo")
    assert release["metadata"]["generation"] == 1


async def test_a_deleted_release_comes_back(bench: Any) -> None:
    await cut(bench)
    looking = importer(bench)
    await looking.look()
    await bench.client.delete(Release.type(), "hello-r1-0000000", "demo")
    await looking.look()
    assert await names(bench) == ["hello-r1-0000000"]


async def test_a_strangers_release_is_told_once_and_never_imported(bench: Any) -> None:
    await cut(bench, signer=PrivateKey.generate())
    for _ in range(3):
        await importer(bench).look()
    assert await names(bench) == []
    (event,) = (await bench.client.list(EVENT)).items
    assert event["reason"] == "ReleaseRefused"
    assert "demo/hello:release-r1-0000000 is not imported" in event["message"]


async def test_what_is_not_a_release_tag_is_not_read(bench: Any) -> None:
    await cut(bench)
    looked = Counting(bench.registry)
    bench.registry = looked
    looked._registry._repositories[REPOSITORY].tags["release-latest"] = "sha256:x"
    await importer(bench).look()
    assert await names(bench) == ["hello-r1-0000000"]


async def test_an_idle_look_downloads_nothing(bench: Any) -> None:
    await cut(bench, 1)
    await cut(bench, 2)
    looked = Counting(bench.registry)
    bench.registry = looked
    looking = importer(bench)
    await looking.look()
    looked.calls.clear()
    await looking.look()
    assert sorted(looked.calls) == ["referrers", "referrers", "repositories", "tags"]


async def test_verified_in_follows_the_valid_statements(bench: Any) -> None:
    digest = await cut(bench)
    looking = importer(bench)
    await looking.look()

    async def verified_in() -> Any:
        await looking.look()
        release = await bench.client.get(Release.type(), "hello-r1-0000000", "demo")
        return (release.get("status") or {}).get("verifiedIn", [])

    async def state(signer: Any, **claim: Any) -> None:
        await attach(bench.registry, REPOSITORY, digest, VERIFIED, claim, signer)

    assert await verified_in() == []
    await state(PrivateKey.generate(), environment="development", releaseDigest=digest)
    await state(bench.key, environment="production", releaseDigest=digest)
    await state(bench.key, environment="development", releaseDigest="sha256:other")
    assert await verified_in() == []
    await state(bench.key, environment="development", releaseDigest=digest)
    assert await verified_in() == ["development"]
    await state(STAGING, environment="staging", releaseDigest=digest)
    assert await verified_in() == ["development", "staging"]


async def test_newest_first_and_not_without_end(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "KEPT", 2)
    for count in (1, 9, 10):
        await cut(bench, count)
    created: list[str] = []
    create = bench.client.create

    async def noting(type: Any, manifest: Any) -> Any:
        created.append(manifest["metadata"]["name"])
        return await create(type, manifest)

    bench.client.create = noting
    await importer(bench).look()
    assert created == ["demo", "hello-r10-0000000", "hello-r9-0000000"]


async def test_a_hint_makes_it_look_and_a_failure_does_not_end_it(bench: Any) -> None:
    class Hints:
        def __init__(self) -> None:
            self.turn, self.waits, self.hint = 0, asyncio.Event(), asyncio.Event()

        async def wait(self, after: int, timeout: float) -> int:
            assert after == self.turn
            self.waits.set()
            await self.hint.wait()
            self.hint.clear()
            self.turn += 1
            return self.turn

    class Moody(Counting):
        fails = 1

        def __getattr__(self, name: str) -> Any:
            if name == "repositories" and self.fails:
                self.fails -= 1
                raise Unavailable("not now")
            return super().__getattr__(name)

    hints = Hints()
    await cut(bench)
    bench.registry = Moody(bench.registry)
    task = asyncio.create_task(importer(bench, changes=hints).run())
    version = (await bench.client.list(Release.type())).resource_version
    await hints.waits.wait()
    assert await names(bench) == []
    hints.hint.set()
    async with asyncio.timeout(10):
        async for _ in bench.client.watch(Release.type(), resource_version=version):
            break
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_what_a_clock_proves_to_be_older_than_a_theft_is_imported(bench: Any) -> None:
    stolen = Stolen("development")
    digest = await cut(bench, signer=stolen.signer)
    await importer(bench, stolen.pins).look()
    assert await names(bench) == []
    await attach(
        bench.registry,
        REPOSITORY,
        digest,
        VERIFIED,
        {"environment": "development", "releaseDigest": digest},
        stolen.signer,
    )
    looking = importer(bench, stolen.pins, stolen.authorities)
    await looking.look()
    release = await bench.client.get(Release.type(), "hello-r1-0000000", "demo")
    assert release["status"]["verifiedIn"] == ["development"]


async def test_signers_of_a_policy_cut_no_releases_and_verify_none(bench: Any) -> None:
    security = logged_key("security")
    spec = {"keys": [{"name": "security", "publicKey": security.public_key}]}
    await bench.client.create(TrustPolicy.type(), {"metadata": {"name": "default"}, "spec": spec})
    await cut(bench, 1, signer=security)
    digest = await cut(bench, 2)
    claim = {"environment": "security", "releaseDigest": digest}
    await attach(bench.registry, REPOSITORY, digest, VERIFIED, claim, security)
    await importer(bench).look()
    assert await names(bench) == ["hello-r2-0000000"]
    release = await bench.client.get(Release.type(), "hello-r2-0000000", "demo")
    assert not (release.get("status") or {}).get("verifiedIn")
