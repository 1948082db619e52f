"""Python's Kubernetes clients: the official one, kubernetes-asyncio, lightkube, kr8s.

Each does what its users do with it: create, read, list in pages, patch, watch, conflict, delete.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import kr8s.asyncio
import kubernetes
import kubernetes_asyncio
import lightkube
import pytest
from kr8s.asyncio.objects import ConfigMap as Kr8sConfigMap
from kubernetes.dynamic import DynamicClient
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from idp.apps.testing.server import KubernetesApi

# Some of them never close their connections, which is found out when these are collected.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

MANIFEST: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "labels": {"app": "a"}},
    "data": {"x": "1"},
}
GADGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "gadgets.interop.example"},
    "spec": {
        "group": "interop.example",
        "scope": "Namespaced",
        "names": {"kind": "Gadget", "plural": "gadgets"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                            "status": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            },
                        },
                    }
                },
            }
        ],
    },
}
GADGET = {
    "apiVersion": "interop.example/v1",
    "kind": "Gadget",
    "metadata": {"name": "g"},
    "spec": {"size": 1},
}


# The official client


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Let a test's garbage warn in that test, not in one that is innocent."""
    yield
    gc.collect()


@pytest.fixture
def official(kubernetes_api: KubernetesApi) -> Iterator[kubernetes.client.ApiClient]:
    with kubernetes.config.new_client_from_config(str(kubernetes_api.kubeconfig)) as client:
        yield client


def test_the_official_client(
    official: kubernetes.client.ApiClient, kubernetes_namespace: str
) -> None:
    core = kubernetes.client.CoreV1Api(official)
    created = core.create_namespaced_config_map(kubernetes_namespace, MANIFEST)
    assert created.metadata.creation_timestamp.tzinfo is not None
    core.patch_namespaced_config_map("a", kubernetes_namespace, {"data": {"y": "2"}})
    with pytest.raises(kubernetes.client.ApiException) as caught:
        core.replace_namespaced_config_map("a", kubernetes_namespace, created)
    assert (caught.value.status, caught.value.reason) == (409, "Conflict")
    core.create_namespaced_config_map(kubernetes_namespace, {**MANIFEST, "metadata": {"name": "b"}})
    page = core.list_namespaced_config_map(kubernetes_namespace, limit=1)
    rest = core.list_namespaced_config_map(kubernetes_namespace, _continue=page.metadata._continue)
    assert {item.metadata.name for item in [*page.items, *rest.items]} >= {"a", "b"}
    stream = kubernetes.watch.Watch().stream(
        core.list_namespaced_config_map,
        kubernetes_namespace,
        label_selector="app=a",
        timeout_seconds=20,
    )
    with contextlib.closing(stream):
        assert next(stream)["object"].data == {"x": "1", "y": "2"}
        core.delete_namespaced_config_map("a", kubernetes_namespace)
        assert next(stream)["type"] == "DELETED"


def test_the_official_clients_typed_answers(
    official: kubernetes.client.ApiClient, kubernetes_namespace: str
) -> None:
    apps = kubernetes.client.AppsV1Api(official)
    container = {"name": "web", "image": "web:1"}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    body = {"metadata": {"name": "web"}, "spec": spec}
    made = apps.create_namespaced_deployment(kubernetes_namespace, body)
    assert made.spec.strategy.rolling_update.max_surge == "25%"
    scale = apps.patch_namespaced_deployment_scale(
        "web", kubernetes_namespace, {"spec": {"replicas": 3}}
    )
    assert scale.spec.replicas == 3
    review = kubernetes.client.AuthorizationV1Api(official).create_self_subject_access_review(
        {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}}
    )
    assert review.status.allowed is True
    assert kubernetes.client.VersionApi(official).get_code().major == "1"


def test_the_dynamic_client(
    official: kubernetes.client.ApiClient, kubernetes_namespace: str
) -> None:
    dynamic = DynamicClient(official)
    definitions = dynamic.resources.get(
        api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition"
    )
    definitions.create(GADGETS)
    try:
        dynamic.resources.invalidate_cache()
        gadgets = dynamic.resources.get(api_version="interop.example/v1", kind="Gadget")
        assert gadgets.create(GADGET, namespace=kubernetes_namespace).spec.size == 1
        changed = gadgets.server_side_apply(
            {**GADGET, "spec": {"size": 2}},
            namespace=kubernetes_namespace,
            field_manager="interop",
            force_conflicts=True,
        )
        assert changed.spec.size == 2
        merge = "application/merge-patch+json"
        gadgets.status.patch(
            {**GADGET, "status": {"ready": True}},
            namespace=kubernetes_namespace,
            content_type=merge,
        )
        found = gadgets.get(namespace=kubernetes_namespace, label_selector="!none")
        assert [(item.spec.size, item.status.ready) for item in found.items] == [(2, True)]
    finally:
        definitions.delete("gadgets.interop.example")


# kubernetes-asyncio


@pytest.fixture
async def asyncio_client(
    kubernetes_api: KubernetesApi,
) -> AsyncIterator[kubernetes_asyncio.client.ApiClient]:
    configuration = kubernetes_asyncio.client.Configuration()
    await kubernetes_asyncio.config.load_kube_config(
        str(kubernetes_api.kubeconfig), client_configuration=configuration
    )
    async with kubernetes_asyncio.client.ApiClient(configuration) as client:
        yield client


async def test_kubernetes_asyncio(
    asyncio_client: kubernetes_asyncio.client.ApiClient, kubernetes_namespace: str
) -> None:
    core = kubernetes_asyncio.client.CoreV1Api(asyncio_client)
    await core.create_namespaced_config_map(kubernetes_namespace, MANIFEST)
    listed = await core.list_namespaced_config_map(kubernetes_namespace)
    patch = [{"op": "replace", "path": "/data/x", "value": "2"}]
    await core.patch_namespaced_config_map("a", kubernetes_namespace, patch)
    async with (
        asyncio.timeout(20),
        kubernetes_asyncio.watch.Watch().stream(
            core.list_namespaced_config_map,
            kubernetes_namespace,
            resource_version=listed.metadata.resource_version,
        ) as events,
    ):
        event = await anext(events)
        assert (event["type"], event["object"].data) == ("MODIFIED", {"x": "2"})
    with pytest.raises(kubernetes_asyncio.client.ApiException) as caught:
        await core.read_namespaced_secret("none", kubernetes_namespace)
    assert caught.value.status == 404
    await core.delete_collection_namespaced_config_map(kubernetes_namespace)


# lightkube


def test_lightkube(kubernetes_api: KubernetesApi, kubernetes_namespace: str) -> None:
    config = lightkube.KubeConfig.from_file(Path(kubernetes_api.kubeconfig))
    client = lightkube.Client(config, namespace=kubernetes_namespace, field_manager="lightkube")
    client.apply(ConfigMap(metadata=ObjectMeta(name="a"), data={"x": "1"}))
    found = client.get(ConfigMap, "a")
    assert found.metadata is not None
    client.apply(ConfigMap(metadata=ObjectMeta(name="a"), data={"y": "2"}))
    assert client.get(ConfigMap, "a").data == {"y": "2"}
    with pytest.raises(ApiError) as caught:
        client.replace(found)
    assert (caught.value.status.reason, caught.value.status.code) == ("Conflict", 409)
    assert "a" in [m.metadata.name for m in client.list(ConfigMap, chunk_size=1) if m.metadata]
    with pytest.raises(ApiError, match="not found"):
        client.get(ConfigMap, "none")
    for event, configuration in client.watch(ConfigMap, fields={"metadata.name": "a"}):
        assert (event, configuration.data) == ("ADDED", {"y": "2"})
        break
    client.delete(ConfigMap, "a", grace_period=0)


# kr8s


@pytest.mark.filterwarnings(
    "ignore:Kubernetes version .* is not supported:UserWarning",  # one version behind
)
async def test_kr8s(kubernetes_api: KubernetesApi, kubernetes_namespace: str) -> None:
    api = await kr8s.asyncio.api(kubeconfig=str(kubernetes_api.kubeconfig))
    manifest = {**MANIFEST, "metadata": {"name": "a", "namespace": kubernetes_namespace}}
    configuration = await Kr8sConfigMap(manifest, api=api)
    await configuration.create()
    await configuration.patch({"data": {"y": "2"}})
    await configuration.label(tier="front")
    await configuration.refresh()
    assert configuration.raw["data"] == {"x": "1", "y": "2"}
    selected = [
        found.name
        async for found in api.get(
            "configmaps", namespace=kubernetes_namespace, label_selector={"tier": "front"}
        )
    ]
    assert selected == ["a"]
    await configuration.delete()
    await configuration.wait("delete", timeout=20)
    assert not await configuration.exists()
