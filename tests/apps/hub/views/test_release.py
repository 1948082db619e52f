"""A release through the hub: what instances know, what the registry proves, and for whom."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from idp.apps.hub.evidence import StoredRegistry
from idp.apps.hub.views.release_evidence import image_view, packages, scanned
from idp.apps.platform.files import write_json
from idp.apps.platform.layout import Layout
from idp.embedded.registry.content import ContentStore
from idp.embedded.registry.repositories import Repository
from idp.kernel.errors import NotFound, VerificationFailed
from idp.kernel.files import create_file
from support.hub import Hub, Instance, Upstream

DIGEST = "sha256:" + "1" * 64
IMAGE = "sha256:" + "2" * 64
READ_APPLICATIONS = ("maya", "get", "webapplications.platform.idp")


def release(version: str, count: int, **verified: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "demo", "name": f"hello-{version}"},
        "spec": {
            "application": "hello",
            "version": version,
            "digest": DIGEST,
            "repository": "demo/hello",
            "image": f"127.0.0.1:9600/demo/hello@{IMAGE}",
            "source": {
                "repository": "demo/hello",
                "commit": "c" * 40,
                "count": count,
                "author": "maya",
                "time": "2026-01-01T00:00:00Z",
            },
            "applicationSpec": {"port": 8080},
        },
        "status": {"verifiedIn": ["development"]},
    }


@pytest.fixture
def instance(upstream: Upstream, monkeypatch: pytest.MonkeyPatch, layout: Layout) -> Instance:
    write_json(layout.instance("development").trusted_keys, {"development": "no key at all"})
    promotion = {
        "metadata": {
            "namespace": "demo",
            "name": "p1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"application": "hello", "release": "hello-r1"},
        "status": {"phase": "Succeeded", "finishedAt": "2026-01-01T00:01:00Z"},
    }
    other = {**promotion, "metadata": {**promotion["metadata"], "name": "p2"}}
    other["spec"] = {"application": "hello", "release": "hello-r2"}
    instance = Instance(
        objects={
            "releases": [release("r1", 1), release("r2", 2)],
            "promotions": [promotion, other],
        },
        allowed={READ_APPLICATIONS},
    )
    monkeypatch.setattr(upstream, "answer", instance.answer)
    return instance


async def ask(hub: Hub, version: str, user: str = "maya", **query: str) -> Any:
    path = f"/api/v1/releases/demo/hello/{version}"
    return await hub.client.get(path, params=query, headers=hub.as_user(user))


async def test_a_proof_that_is_needed_and_not_there_is_told(hub: Hub, instance: Instance) -> None:
    body = (await ask(hub, "r1")).json()
    assert (body["author"], body["applicationSpec"]) == ("maya", {"port": 8080})
    assert [promotion["name"] for promotion in body["promotions"]] == ["p1"]
    assert [(place["environment"], place["verified"]) for place in body["environments"]] == [
        ("development", True),
        ("staging", False),
        ("uat", False),
    ]
    assert {row["result"] for row in body["proofs"]} == {"missing"}
    assert {(row["subject"], row["proof"]) for row in body["proofs"]} >= {
        ("release", "signature"),
        ("image", "provenance"),
        ("image", "bill of materials"),
    }
    assert "no manifest" in body["evidenceError"]


@pytest.mark.parametrize(
    ("version", "user", "query", "status"),
    [
        ("r9", "maya", {}, 404),
        ("r1", "admin", {}, 403),
        ("r1", "maya", {"environment": "nowhere"}, 404),
        ("r1", "maya", {"environment": "staging"}, 503),
    ],
)
async def test_what_cannot_be_shown_is_refused(
    hub: Hub, instance: Instance, version: str, user: str, query: dict[str, str], status: int
) -> None:
    answer = await ask(hub, version, user, **query)
    assert answer.status_code == status
    assert answer.json()["message"]


async def test_damaged_content_of_the_registry_is_no_proof(layout: Layout) -> None:
    content = b"what was pushed"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    store = ContentStore(layout.registry)
    store.put(digest, content)
    create_file(Repository(store, "demo/hello").link("_blobs", digest), b"")
    registry = StoredRegistry(layout)
    assert await registry.blob("demo/hello", digest) == content
    store.path(digest).chmod(0o600)
    store.path(digest).write_bytes(b"something else!")
    with pytest.raises(VerificationFailed, match="damaged"):
        await registry.blob("demo/hello", digest)
    with pytest.raises(NotFound):
        await registry.blob("demo/other", digest)


def test_an_image_by_its_manifest_and_configuration() -> None:
    layers = [{"digest": "sha256:a", "size": 1}, {"digest": "sha256:b", "size": 2}]
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {"Entrypoint": ["python3"], "Cmd": ["-m", "hello"], "Labels": {"a": "b"}},
        "history": [
            {"created_by": "base"},
            {"created_by": "ENV", "empty_layer": True},
            {"created_by": "application"},
        ],
    }
    view = image_view("sha256:i", {"layers": layers}, config)
    assert (view.platform, view.command) == ("linux/amd64", ["python3", "-m", "hello"])
    assert [layer.made_by for layer in view.layers] == ["base", "application"]


def test_packages_with_every_way_to_name_a_licence() -> None:
    components = [
        {"name": "b", "version": "1", "licenses": [{"license": {"id": "MIT"}}]},
        {"name": "A", "licenses": [{"expression": "MIT OR Apache-2.0"}]},
        {"name": "c", "licenses": [{"license": {"name": "Own"}}, {"license": {}}]},
    ]
    found = [(p.name, p.licences) for p in packages({"components": components})]
    assert found == [("A", ["MIT OR Apache-2.0"]), ("b", ["MIT"]), ("c", ["Own"])]
    assert packages({}) == []


def test_findings_without_a_score_come_first() -> None:
    reports: list[dict[str, Any]] = [
        {"name": "x", "status": "findings", "findings": [{"id": "low", "severity": 2.0}]},
        {
            "name": "y",
            "status": "findings",
            "findings": [{"id": "none"}, {"id": "high", "severity": 8}],
        },
    ]
    scanners, findings = scanned(reports)
    assert [finding.name for finding in findings] == ["none", "high", "low"]
    assert [(s.name, s.findings) for s in scanners] == [("x", 1), ("y", 2)]
