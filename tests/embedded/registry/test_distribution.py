"""The HTTP surface of the embedded registry, request by request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_CONFIG, IMAGE_MANIFEST, LAYER_GZIP
from idp.protocols.oci.reference import digest_of

REPOSITORY = "/v2/demo/hello"
UNKNOWN = f"sha256:{'0' * 64}"


@pytest.fixture
async def http(registry: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=registry.url, auth=("admin", "admin-password"), trust_env=False
    ) as client:
        yield client


async def push_blob(http: httpx.AsyncClient, content: bytes, repository: str = REPOSITORY) -> str:
    digest = digest_of(content)
    answer = await http.post(f"{repository}/blobs/uploads/?digest={digest}", content=content)
    assert answer.status_code == 201, answer.text
    return digest


def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def image(**more: Any) -> bytes:
    return orjson.dumps(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": descriptor(b"{}", IMAGE_CONFIG),
            "layers": [descriptor(b"layer", LAYER_GZIP)],
            **more,
        }
    )


async def push_image(http: httpx.AsyncClient, reference: str = "1.0", **more: Any) -> str:
    await push_blob(http, b"{}")
    await push_blob(http, b"layer")
    answer = await put_manifest(http, reference, image(**more))
    assert answer.status_code == 201, answer.text
    return answer.headers["Docker-Content-Digest"]


async def put_manifest(http: httpx.AsyncClient, reference: str, body: bytes) -> httpx.Response:
    return await http.put(
        f"{REPOSITORY}/manifests/{reference}",
        content=body,
        headers={"Content-Type": IMAGE_MANIFEST},
    )


def error(answer: httpx.Response) -> dict[str, Any]:
    (only,) = answer.json()["errors"]
    assert set(only) == {"code", "message", "detail"}
    found: dict[str, Any] = only
    return found


async def test_ping_asks_for_basic_authentication(http: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(base_url=http.base_url, trust_env=False) as nobody:
        answer = await nobody.get("/v2/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert error(answer)["code"] == "UNAUTHORIZED"
    assert (await http.get("/v2/")).status_code == 200


@pytest.mark.parametrize("header", ["Bearer abc", "Basic ???", "Basic /w=="])
async def test_other_credentials_are_refused(registry: Any, header: str) -> None:
    async with httpx.AsyncClient(base_url=registry.url, trust_env=False) as client:
        answer = await client.get("/v2/", headers={"Authorization": header})
    assert answer.status_code == 401
    assert "basic" in error(answer)["message"]


async def test_a_chunk_with_a_malformed_range_is_refused(http: httpx.AsyncClient) -> None:
    location = (await http.post(f"{REPOSITORY}/blobs/uploads/")).headers["Location"]
    answer = await http.patch(location, content=b"x", headers={"Content-Range": "all"})
    assert error(answer)["code"] == "BLOB_UPLOAD_INVALID"
    assert (await http.get(location)).status_code == 204


@pytest.mark.parametrize(
    "path", ["blobs/sha256:abc", "blobs/md5:abc", "referrers/x", "manifests/-"]
)
async def test_digests_outside_the_grammar_are_refused(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(f"{REPOSITORY}/{path}")
    assert (answer.status_code, error(answer)["code"]) == (400, "DIGEST_INVALID")


async def test_an_upload_in_chunks_says_how_far_it_is(http: httpx.AsyncClient) -> None:
    started = await http.post(f"{REPOSITORY}/blobs/uploads/")
    assert started.status_code == 202
    location = started.headers["Location"]
    first = await http.patch(location, content=b"abc", headers={"Content-Range": "0-2"})
    assert (first.status_code, first.headers["Range"]) == (202, "0-2")
    gap = await http.patch(location, content=b"xyz", headers={"Content-Range": "9-11"})
    assert gap.status_code == 416
    assert "starts at 3" in error(gap)["detail"]["remedy"]
    status = await http.get(location)
    assert (status.status_code, status.headers["Range"]) == (204, "0-2")
    second = await http.patch(location, content=b"def", headers={"Content-Range": "3-5"})
    assert second.headers["Range"] == "0-5"
    digest = digest_of(b"abcdefg")
    done = await http.put(f"{location}?digest={digest}", content=b"g")
    assert done.status_code == 201
    assert (await http.get(done.headers["Location"])).content == b"abcdefg"
    assert (await http.get(location)).status_code == 404


async def test_an_upload_that_lies_about_its_digest_leaves_nothing(
    http: httpx.AsyncClient, registry: Any
) -> None:
    answer = await http.post(f"{REPOSITORY}/blobs/uploads/?digest={UNKNOWN}", content=b"x")
    assert answer.status_code == 400
    assert error(answer)["code"] == "DIGEST_INVALID"
    assert [p for p in registry.data.rglob("*") if p.is_file() and p.name != "lock"] == []


async def test_a_cancelled_upload_is_gone(http: httpx.AsyncClient) -> None:
    location = (await http.post(f"{REPOSITORY}/blobs/uploads/")).headers["Location"]
    assert (await http.delete(location)).status_code == 204
    assert error(await http.get(location))["code"] == "BLOB_UPLOAD_UNKNOWN"


async def test_an_upload_belongs_to_its_repository(http: httpx.AsyncClient) -> None:
    location = (await http.post(f"{REPOSITORY}/blobs/uploads/")).headers["Location"]
    elsewhere = location.replace("demo/hello", "demo/other")
    assert (await http.patch(elsewhere, content=b"x")).status_code == 404


async def test_a_blob_is_read_by_range(http: httpx.AsyncClient) -> None:
    digest = await push_blob(http, b"0123456789")
    part = await http.get(f"{REPOSITORY}/blobs/{digest}", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    beyond = await http.get(f"{REPOSITORY}/blobs/{digest}", headers={"Range": "bytes=20-"})
    assert beyond.status_code == 416
    head = await http.head(f"{REPOSITORY}/blobs/{digest}")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "10", b"")
    assert head.headers["Docker-Content-Digest"] == digest


async def test_a_manifest_is_read_and_headed(http: httpx.AsyncClient) -> None:
    digest = await push_image(http)
    for reference in ("1.0", digest):
        answer = await http.get(f"{REPOSITORY}/manifests/{reference}")
        assert answer.content == image()
        assert answer.headers["Content-Type"] == IMAGE_MANIFEST
        head = await http.head(f"{REPOSITORY}/manifests/{reference}")
        assert head.headers["Docker-Content-Digest"] == digest
        assert head.headers["Content-Length"] == str(len(image()))


async def test_a_tag_never_moves_and_the_refusal_says_what_to_do(http: httpx.AsyncClient) -> None:
    await push_image(http)
    assert (await put_manifest(http, "1.0", image())).status_code == 201
    refusal = await put_manifest(http, "1.0", image(annotations={"other": "content"}))
    assert refusal.status_code == 409
    body = error(refusal)
    assert body["code"] == "DENIED"
    assert "immutable" in body["message"]
    assert "another tag" in body["message"]
    assert body["detail"]["remedy"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "JSON"),
        (b"[]", "schemaVersion"),
        (b'{"schemaVersion":1}', "schemaVersion"),
        (image(mediaType="application/json"), "mediaType"),
        (image(config={"digest": "sha256:../../x"}), "config"),
        (image(layers=["x"]), "layers"),
        (image(config=None), "config"),
        (image(annotations={"a": 1}), "annotations"),
        (image(artifactType=3), "artifactType"),
        (image(subject={"digest": "md5:1"}), "subject"),
        (b"[" * 100_000, "JSON"),
    ],
)
async def test_a_malformed_manifest_is_refused(
    http: httpx.AsyncClient, body: bytes, why: str
) -> None:
    answer = await put_manifest(http, "1.0", body)
    assert answer.status_code == 400
    assert error(answer)["code"] == "MANIFEST_INVALID"
    assert why in error(answer)["message"]


async def test_a_manifest_under_another_digest_is_refused(http: httpx.AsyncClient) -> None:
    await push_image(http)
    assert error(await put_manifest(http, UNKNOWN, image()))["code"] == "DIGEST_INVALID"


async def test_a_manifest_needs_its_blobs_in_the_same_repository(http: httpx.AsyncClient) -> None:
    await push_blob(http, b"{}", "/v2/demo/other")
    await push_blob(http, b"layer", "/v2/demo/other")
    assert error(await put_manifest(http, "1.0", image()))["code"] == "MANIFEST_BLOB_UNKNOWN"


async def test_referrers_name_their_subject_and_can_be_filtered(http: httpx.AsyncClient) -> None:
    about = await push_image(http)
    subject = {"mediaType": IMAGE_MANIFEST, "digest": about, "size": len(image())}
    body = image(artifactType="application/sbom", subject=subject, annotations={"a": "b"})
    answer = await put_manifest(http, digest_of(body), body)
    assert answer.headers["OCI-Subject"] == about
    everything = await http.get(f"{REPOSITORY}/referrers/{about}")
    assert "OCI-Filters-Applied" not in everything.headers
    filtered = await http.get(
        f"{REPOSITORY}/referrers/{about}", params={"artifactType": "application/sbom"}
    )
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"
    assert filtered.json()["manifests"] == [
        {
            "mediaType": IMAGE_MANIFEST,
            "digest": digest_of(body),
            "size": len(body),
            "artifactType": "application/sbom",
            "annotations": {"a": "b"},
        }
    ]
    none = await http.get(f"{REPOSITORY}/referrers/{about}?artifactType=application/other")
    assert none.json()["manifests"] == []
    await http.delete(f"{REPOSITORY}/manifests/{digest_of(body)}")
    assert (await http.get(f"{REPOSITORY}/referrers/{about}")).json()["manifests"] == []


async def test_tags_and_repositories_come_in_pages(http: httpx.AsyncClient) -> None:
    for tag in ("a", "b", "c"):
        await push_image(http, tag)
    first = await http.get(f"{REPOSITORY}/tags/list?n=2")
    assert first.json() == {"name": "demo/hello", "tags": ["a", "b"]}
    second = await http.get(first.links["next"]["url"])
    assert second.json()["tags"] == ["c"]
    assert second.links == {}
    assert (await http.get("/v2/_catalog?n=1")).json() == {"repositories": ["demo/hello"]}
    assert error(await http.get("/v2/demo/none/tags/list"))["code"] == "NAME_UNKNOWN"
    assert (await http.get(f"{REPOSITORY}/tags/list?n=x")).status_code == 400


async def test_deleting(http: httpx.AsyncClient) -> None:
    digest = await push_image(http)
    layer = digest_of(b"layer")
    in_use = await http.delete(f"{REPOSITORY}/blobs/{layer}")
    assert (in_use.status_code, error(in_use)["code"]) == (400, "DENIED")
    assert (await http.delete(f"{REPOSITORY}/manifests/1.0")).status_code == 202
    assert (await http.head(f"{REPOSITORY}/manifests/1.0")).status_code == 404
    assert (await http.head(f"{REPOSITORY}/manifests/{digest}")).status_code == 200
    await push_image(http, "2.0")
    assert (await http.delete(f"{REPOSITORY}/manifests/{digest}")).status_code == 202
    assert (await http.get(f"{REPOSITORY}/tags/list")).json()["tags"] == []
    assert (await http.delete(f"{REPOSITORY}/blobs/{layer}")).status_code == 202
    assert (await http.head(f"{REPOSITORY}/blobs/{layer}")).status_code == 404
    for gone in (f"blobs/{layer}", f"manifests/{digest}", "manifests/2.0"):
        assert (await http.delete(f"{REPOSITORY}/{gone}")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v2/../../etc/passwd/blobs/uploads/",
        "/v2/%2e%2e/%2e%2e/blobs/uploads/",
        "/v2/demo/..%2f..%2fx/blobs/uploads/",
        "/v2/demo/_blobs/blobs/uploads/",
        "/v2/Demo/hello/blobs/uploads/",
        "/v2/demo/blobs/uploads/",
        "/v2/a/b/c/blobs/uploads/",
    ],
)
async def test_names_outside_the_grammar_reach_no_file(
    http: httpx.AsyncClient, registry: Any, path: str
) -> None:
    answer = await http.post(path)
    assert answer.status_code in (400, 404), answer.text
    assert not (registry.data / "repositories").exists()


@pytest.mark.parametrize("identifier", ["..%2f..%2flock", "..", "x", "0" * 33])
async def test_upload_names_outside_the_grammar_reach_no_file(
    http: httpx.AsyncClient, identifier: str
) -> None:
    answer = await http.patch(f"{REPOSITORY}/blobs/uploads/{identifier}", content=b"x")
    assert answer.status_code in (400, 404, 405)


async def test_what_is_no_address_is_answered_in_the_same_form(http: httpx.AsyncClient) -> None:
    assert error(await http.get("/v2/demo/hello/nothing"))["code"] == "UNSUPPORTED"
    assert error(await http.put("/v2/"))["code"] == "UNSUPPORTED"


async def test_changes_of_manifests_and_tags_are_told(
    http: httpx.AsyncClient, registry: Any
) -> None:
    await push_image(http)
    assert registry.changes == ["demo/hello"]
    await http.delete(f"{REPOSITORY}/manifests/1.0")
    assert registry.changes == ["demo/hello", "demo/hello"]


async def test_an_upload_goes_on_after_a_restart(start_registry: Any, tmp_path: Path) -> None:
    credentials = ("admin", "admin-password")
    first, second = await start_registry(), await start_registry()
    assert first.data == second.data
    async with httpx.AsyncClient(auth=credentials, trust_env=False) as http:
        started = await http.post(f"{first.url}{REPOSITORY}/blobs/uploads/")
        location = started.headers["Location"]
        await http.patch(f"{first.url}{location}", content=b"before ")
        assert (await http.get(f"{second.url}{location}")).headers["Range"] == "0-6"
        digest = digest_of(b"before after")
        done = await http.put(f"{second.url}{location}?digest={digest}", content=b"after")
        assert done.status_code == 201


async def test_an_empty_artifact_of_docker_and_oci_is_kept(http: httpx.AsyncClient) -> None:
    await push_blob(http, b"{}")
    empty = descriptor(b"{}", EMPTY_JSON)
    assert (await put_manifest(http, "1.0", image(config=empty, layers=[empty]))).is_success
