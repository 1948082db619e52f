"""Who may do what to which repository."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from idp.kernel.errors import Forbidden, NotFound, Unauthorized
from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_MANIFEST, LAYER_GZIP, Descriptor

HELLO, OTHER = "demo/hello", "demo/other"


def client(registry: Any, user: str, password: str | None = None) -> HttpRegistry:
    return HttpRegistry(registry.remote(user, password))


def artifact(empty: Descriptor, **more: Any) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": empty.as_json(),
        "layers": [empty.as_json()],
        **more,
    }


async def pushed(registry: Any) -> tuple[Descriptor, Descriptor]:
    async with client(registry, "admin") as admin:
        empty = await admin.push_blob(HELLO, b"{}", EMPTY_JSON)
        return empty, await admin.push_manifest(HELLO, artifact(empty), tag="1.0")


async def test_a_wrong_password_is_refused_even_for_what_is_there(registry: Any) -> None:
    await pushed(registry)
    async with client(registry, "admin", "wrong") as impostor:
        with pytest.raises(Unauthorized):
            await impostor.manifest(HELLO, "1.0")


async def test_nobody_is_asked_who_they_are(registry: Any) -> None:
    await pushed(registry)
    async with HttpRegistry(registry.remote("")) as nobody:
        with pytest.raises(Unauthorized, match="user name"):
            await nobody.manifest(HELLO, "1.0")


async def test_nobody_reads_what_is_public(registry: Any) -> None:
    await pushed(registry)
    registry.rights.everywhere[""] = {"pull"}
    async with HttpRegistry(registry.remote("")) as nobody:
        assert (await nobody.manifest(HELLO, "1.0")).media_type == IMAGE_MANIFEST


async def test_a_reader_cannot_write_or_delete(registry: Any) -> None:
    empty, _ = await pushed(registry)
    registry.rights.repositories[("reader", HELLO)] = {"pull"}
    async with client(registry, "reader") as reader:
        assert await reader.blob(HELLO, empty.digest) == b"{}"
        with pytest.raises(Forbidden, match="push"):
            await reader.push_blob(HELLO, b"new", LAYER_GZIP)
        with pytest.raises(Forbidden):
            await reader.push_manifest(HELLO, artifact(empty), tag="2.0")
    async with httpx.AsyncClient(auth=("reader", "reader-password"), trust_env=False) as http:
        answer = await http.delete(f"{registry.url}/v2/{HELLO}/manifests/1.0")
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "DENIED"


async def test_a_stranger_cannot_tell_what_exists(registry: Any) -> None:
    empty, _ = await pushed(registry)
    registry.rights.repositories[("stranger", OTHER)] = {"pull", "push"}
    async with client(registry, "stranger") as stranger:
        for repository in (HELLO, "demo/never"):
            with pytest.raises(Forbidden):
                await stranger.manifest(repository, "1.0")
            with pytest.raises(Forbidden):
                await stranger.blob(repository, empty.digest)
        assert await stranger.repositories() == []


async def test_knowing_a_digest_gives_no_access_to_the_content(registry: Any) -> None:
    empty, _ = await pushed(registry)
    registry.rights.repositories[("stranger", OTHER)] = {"pull", "push"}
    mount = f"{registry.url}/v2/{OTHER}/blobs/uploads/?mount={empty.digest}&from={HELLO}"
    blob = f"{registry.url}/v2/{OTHER}/blobs/{empty.digest}"
    async with httpx.AsyncClient(auth=("stranger", "stranger-password"), trust_env=False) as http:
        assert (await http.post(mount)).status_code == 202
        assert (await http.get(blob)).status_code == 404
        registry.rights.repositories[("stranger", HELLO)] = {"pull"}
        assert (await http.post(mount)).status_code == 201
        assert (await http.get(blob)).content == b"{}"


async def test_mounting_what_the_source_does_not_have_starts_an_upload(registry: Any) -> None:
    absent = f"sha256:{'1' * 64}"
    async with httpx.AsyncClient(auth=("admin", "admin-password"), trust_env=False) as http:
        answer = await http.post(
            f"{registry.url}/v2/{OTHER}/blobs/uploads/?mount={absent}&from={HELLO}"
        )
        from_nowhere = await http.post(f"{registry.url}/v2/{OTHER}/blobs/uploads/?mount={absent}")
    assert (answer.status_code, from_nowhere.status_code) == (202, 202)


async def test_an_attester_adds_only_statements_about_what_is_there(registry: Any) -> None:
    empty, about = await pushed(registry)
    registry.rights.repositories[("attester", HELLO)] = {"pull", "attest"}
    async with client(registry, "attester") as attester:
        await attester.push_blob(HELLO, b"statement", LAYER_GZIP)
        statement = artifact(empty, artifactType="application/x", subject=about.as_json())
        stored = await attester.push_manifest(HELLO, statement)
        assert [d.digest for d in await attester.referrers(HELLO, about.digest)] == [stored.digest]
        with pytest.raises(Forbidden, match="subject"):
            await attester.push_manifest(HELLO, artifact(empty, annotations={"x": "y"}))
        with pytest.raises(Forbidden, match=r"no tag 1\.1"):
            await attester.push_manifest(HELLO, statement, tag="1.1")
        with pytest.raises(Forbidden):
            await attester.push_blob(OTHER, b"statement", LAYER_GZIP)


async def test_an_attester_tags_what_is_there_with_its_own_tags(registry: Any) -> None:
    empty, about = await pushed(registry)
    registry.rights.repositories[("attester", HELLO)] = {"pull", "attest"}
    async with client(registry, "attester") as attester:
        for _ in range(2):
            await attester.tag(HELLO, about.digest, "attester-1.0")
        assert (await attester.manifest(HELLO, "attester-1.0")).digest == about.digest
        with pytest.raises(Forbidden, match="no tag other-1"):
            await attester.tag(HELLO, about.digest, "other-1")
        with pytest.raises(NotFound):
            await attester.push_manifest(HELLO, artifact(empty, x="y"), tag="attester-2.0")
        assert await attester.tags(HELLO) == ["1.0", "attester-1.0"]


async def test_the_catalog_shows_only_what_may_be_pulled(registry: Any) -> None:
    await pushed(registry)
    registry.rights.repositories[("reader", HELLO)] = {"pull"}
    registry.rights.everywhere["guest"] = set()
    async with client(registry, "reader") as reader, client(registry, "guest") as guest:
        assert await reader.repositories() == [HELLO]
        assert await guest.repositories() == []
