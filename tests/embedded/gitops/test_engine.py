"""What an application's owner sees: Git on one side, the API on the other."""

from __future__ import annotations

from typing import Any

import pytest

from idp.kernel.client import get_or_none
from idp.kernel.errors import Invalid
from idp.kernel.resource import Manifest
from idp.kernel.standard import ARGO_APPLICATION, CONFIG_MAP, DEPLOYMENT, NAMESPACE

World = Any
ConfigMap = Any
pytestmark = pytest.mark.usefixtures("engine")


async def test_what_is_in_git_is_applied_and_reported(
    world: World, new_config_map: ConfigMap
) -> None:
    revision = await world.commit({"a.yaml": new_config_map("a"), "b.yaml": new_config_map("b")})
    await world.application()
    status = (await world.synced(revision))["status"]
    assert (await world.map("a"))["data"] == {"key": "a"}
    assert status["health"] == {"status": "Healthy"}
    assert status["operationState"]["phase"] == "Succeeded"
    assert status["operationState"]["operation"]["initiatedBy"] == {"automated": True}
    assert status["operationState"]["syncResult"]["revision"] == revision
    assert [(r["kind"], r["name"], r["status"]) for r in status["resources"]] == [
        ("ConfigMap", "a", "Synced"),
        ("ConfigMap", "b", "Synced"),
    ]
    assert [(h["id"], h["revision"]) for h in status["history"]] == [(0, revision)]


async def test_a_new_commit_is_followed_and_removed_files_are_pruned(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a"), "b.yaml": new_config_map("b")})
    await world.application()
    await world.synced()
    revision = await world.commit({"a.yaml": new_config_map("a", {"key": "new"}), "b.yaml": None})
    status = (await world.synced(revision))["status"]
    assert (await world.map("a"))["data"] == {"key": "new"}
    assert await world.map("b") is None
    assert [h["revision"] for h in status["history"]][-1] == revision


async def test_a_field_that_left_git_goes(world: World, new_config_map: ConfigMap) -> None:
    await world.commit({"a.yaml": new_config_map("a", {"x": "1", "y": "2"})})
    await world.application()
    await world.synced()
    await world.synced(await world.commit({"a.yaml": new_config_map("a", {"x": "1"})}))
    assert (await world.map("a"))["data"] == {"x": "1"}


async def test_self_heal_undoes_changes_and_deletions(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a")})
    await world.application()
    await world.synced()
    await world.client.patch(CONFIG_MAP, "a", {"data": {"key": "changed"}}, "demo")
    await world.until(lambda m: m["data"] == {"key": "a"}, CONFIG_MAP, "a", "demo")
    uid = (await world.map("a"))["metadata"]["uid"]
    await world.client.delete(CONFIG_MAP, "a", "demo")
    await world.until(lambda m: m["metadata"]["uid"] != uid, CONFIG_MAP, "a", "demo")
    assert len((await world.synced())["status"]["history"]) == 1


async def test_fields_of_others_are_left_alone(world: World, new_config_map: ConfigMap) -> None:
    await world.commit({"a.yaml": new_config_map("a")})
    await world.application()
    await world.synced()
    await world.client.patch(
        CONFIG_MAP, "a", {"data": {"mine": "1"}, "metadata": {"labels": {"l": "1"}}}, "demo"
    )
    revision = await world.commit({"b.yaml": new_config_map("b")})
    await world.synced(revision)
    assert (await world.map("a"))["data"] == {"key": "a", "mine": "1"}


async def test_without_self_heal_drift_is_reported_and_left(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a")})
    await world.application(syncPolicy={"automated": {}})
    await world.synced()
    await world.client.patch(CONFIG_MAP, "a", {"data": {"key": "changed"}}, "demo")
    found = await world.until(lambda m: m["status"]["sync"]["status"] == "OutOfSync")
    assert found["status"]["resources"][0]["status"] == "OutOfSync"
    assert (await world.map("a"))["data"] == {"key": "changed"}


async def test_manual_application_waits_for_an_operation(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a"), "b.yaml": new_config_map("b")})
    await world.application(syncPolicy={})
    found = await world.until(lambda m: m.get("status", {}).get("sync"))
    assert found["status"]["sync"]["status"] == "OutOfSync"
    assert found["status"]["health"]["status"] == "Missing"
    operation = {"initiatedBy": {"username": "ada"}, "sync": {"prune": False}}
    await world.patch({"operation": operation})
    found = await world.until(lambda m: m["status"]["sync"]["status"] == "Synced")
    assert found["status"]["history"][0]["initiatedBy"] == {"username": "ada"}
    await world.until(lambda m: "operation" not in m)

    revision = await world.commit({"b.yaml": None})
    await world.until(lambda m: m["status"]["sync"]["revision"] == revision)
    await world.patch({"operation": operation})
    found = await world.until(
        lambda m: m["status"]["operationState"]["syncResult"]["revision"] == revision
    )
    skipped = found["status"]["operationState"]["syncResult"]["resources"][-1]
    assert (skipped["name"], skipped["status"]) == ("b", "PruneSkipped")
    assert found["status"]["resources"][1]["requiresPruning"] is True
    assert await world.map("b") is not None


async def test_operation_may_name_an_older_revision(
    world: World, new_config_map: ConfigMap
) -> None:
    old = await world.commit({"a.yaml": new_config_map("a", {"v": "1"})})
    await world.commit({"a.yaml": new_config_map("a", {"v": "2"})})
    await world.application(syncPolicy={})
    await world.patch({"operation": {"sync": {"revision": old}}})
    await world.until(
        lambda m: m.get("status", {}).get("operationState", {}).get("phase") == "Succeeded"
    )
    assert (await world.map("a"))["data"] == {"v": "1"}


async def test_waves_wait_for_health(world: World, new_config_map: ConfigMap) -> None:
    labels = {"app": "d"}
    container = {"name": "d", "image": "d@sha256:" + "0" * 64}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    later = new_config_map("later", annotations={"argocd.argoproj.io/sync-wave": "1"})
    await world.commit({"d.yaml": deployment, "later.yaml": later})
    await world.application()
    found = await world.until(
        lambda m: "waiting" in m.get("status", {}).get("operationState", {}).get("message", "")
    )
    assert "apps/Deployment demo/d" in found["status"]["operationState"]["message"]
    assert found["status"]["operationState"]["phase"] == "Running"
    assert await world.map("later") is None
    ready = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    await world.client.patch(DEPLOYMENT, "d", {"status": ready}, "demo", subresource="status")
    status = (await world.synced())["status"]
    assert await world.map("later") is not None
    assert status["health"] == {"status": "Healthy"}


async def test_namespace_is_created_when_asked(world: World, new_config_map: ConfigMap) -> None:
    await world.commit({"a.yaml": new_config_map("a")})
    await world.application(syncPolicy={"automated": {}, "syncOptions": ["CreateNamespace=true"]})
    await world.synced()
    assert await get_or_none(world.client, NAMESPACE, "demo") is not None


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.yaml": b"a: 1\na: 2\n"}, "demo/hello/a.yaml:2: the key 'a' is there twice"),
        ({"a.yaml": b"kind: X\n"}, "demo/hello/a.yaml:1: apiVersion is missing"),
        (
            {"a.yaml": {"apiVersion": "v1", "kind": "Secret",
                        "metadata": {"name": "s", "namespace": "kube-system"}}},
            "namespace kube-system is not its own",
        ),
        (
            {"a.yaml": {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                        "metadata": {"name": "s"}}},
            "ClusterRole is cluster-scoped",
        ),
    ],
)  # fmt: skip
async def test_wrong_manifests_are_refused_with_their_place(
    world: World, new_config_map: ConfigMap, files: dict[str, Any], words: str
) -> None:
    await world.commit({"good.yaml": new_config_map("good"), **files})
    await world.application()
    found = await world.until(lambda m: m.get("status", {}).get("conditions"))
    (condition,) = found["status"]["conditions"]
    assert condition["type"] == "ComparisonError"
    assert words in condition["message"]
    assert found["status"]["sync"]["status"] == "Unknown"
    assert await world.map("good") is None


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"source": {"repoURL": "u", "helm": {"x": 1}}}, "spec.source.helm is not supported"),
        ({"source": {"repoURL": "u", "kustomize": {"x": 1}}}, "spec.source.kustomize"),
        ({"sources": [{}]}, "spec.sources is not supported"),
        ({"destination": {"namespace": "d", "server": "https://other"}}, "destination.server"),
        ({"destination": {}}, "spec.destination.namespace is missing"),
        ({"syncPolicy": {"syncOptions": ["Replace=true"]}}, "'Replace=true'"),
    ],
)
async def test_what_is_not_supported_is_refused_by_name(
    world: World, spec: dict[str, Any], words: str
) -> None:
    await world.application(**spec)
    found = await world.until(lambda m: m.get("status", {}).get("conditions"))
    (condition,) = found["status"]["conditions"]
    assert condition["type"] == "InvalidSpecError"
    assert words in condition["message"]


async def test_objects_of_another_application_are_not_taken(
    world: World, new_config_map: ConfigMap
) -> None:
    tracking = {"argocd.argoproj.io/tracking-id": "other:/ConfigMap:demo/a"}
    await world.client.create(
        CONFIG_MAP, new_config_map("a", {"whose": "other"}, namespace="demo", annotations=tracking)
    )
    await world.commit({"a.yaml": new_config_map("a")})
    await world.application(syncPolicy={"automated": {}, "retry": {"limit": 0}})
    found = await world.until(
        lambda m: m.get("status", {}).get("operationState", {}).get("phase") == "Failed"
    )
    assert "it belongs to application other" in found["status"]["operationState"]["message"]
    assert "SharedResourceWarning" in [c["type"] for c in found["status"]["conditions"]]
    assert (await world.map("a"))["data"] == {"whose": "other"}


async def test_copied_tracking_annotation_is_not_pruned(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a")})
    copied = {"argocd.argoproj.io/tracking-id": "hello:/ConfigMap:demo/a"}
    copy = new_config_map("copy", namespace="demo", annotations=copied)
    await world.client.create(CONFIG_MAP, copy)
    await world.application()
    await world.synced()
    assert await world.map("copy") is not None


async def test_empty_directory_does_not_delete_everything(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a"), "note.txt": b"kept"})
    await world.application()
    await world.synced()
    await world.commit({"a.yaml": None})
    found = await world.until(lambda m: m["status"].get("conditions"))
    assert "allowEmpty" in found["status"]["conditions"][0]["message"]
    assert await world.map("a") is not None


async def test_failed_sync_is_tried_again_and_names_the_object(
    world: World, new_config_map: ConfigMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = world.client.apply
    broken = True

    async def refusing(type: Any, manifest: Manifest, **options: Any) -> Manifest:
        if broken and not options.get("dry_run") and type == CONFIG_MAP:
            raise Invalid("data: not today")
        result: Manifest = await apply(type, manifest, **options)
        return result

    monkeypatch.setattr(world.client, "apply", refusing)
    await world.commit({"a.yaml": new_config_map("a")})
    retry = {"limit": 50, "backoff": {"duration": "50ms", "factor": 1}}
    await world.application(syncPolicy={"automated": {}, "retry": retry})
    found = await world.until(
        lambda m: m.get("status", {}).get("operationState", {}).get("retryCount")
    )
    assert "ConfigMap demo/a: data: not today" in found["status"]["operationState"]["message"]
    broken = False
    await world.synced()


async def test_deletion_with_the_finalizer_deletes_the_objects(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a")})
    await world.application()
    await world.synced()
    finalizers = ["resources-finalizer.argocd.argoproj.io"]
    await world.patch({"metadata": {"finalizers": finalizers}})
    await world.client.delete(ARGO_APPLICATION, "hello", "argocd")
    await world.gone()
    assert await world.map("a") is None


async def test_refresh_annotation_looks_again_and_goes(
    world: World, new_config_map: ConfigMap
) -> None:
    await world.commit({"a.yaml": new_config_map("a")})
    await world.application()
    await world.synced()
    revision = await world.commit({"b.yaml": new_config_map("b")})
    await world.patch({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}})
    await world.synced(revision)
    await world.until(lambda m: not m["metadata"].get("annotations"))
