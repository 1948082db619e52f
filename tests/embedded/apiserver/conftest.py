"""Servers to talk to, and objects in memory for everything that reads through `ObjectLookup`."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path

import pytest

from idp.embedded.apiserver.access.bootstrap import bootstrap_manifests
from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.resource import Manifest, ResourceType

RBAC = "rbac.authorization.k8s.io"


class Objects:
    """An `ObjectLookup` that tests fill."""

    def __init__(self) -> None:
        self._versions = itertools.count(1)
        self._version = 0
        self._objects: dict[tuple[str, str, str, str], Manifest] = {}

    def put(self, plural: str, manifest: Manifest) -> Manifest:
        version = self._version = next(self._versions)
        group, _, _ = manifest["apiVersion"].rpartition("/")
        meta = manifest["metadata"]
        key = (group, plural, meta.get("namespace", ""), meta["name"])
        known = self._objects.get(key)
        uid = known["metadata"]["uid"] if known else f"uid-{version}"
        stored = {**manifest, "metadata": {"uid": uid, **meta, "resourceVersion": str(version)}}
        self._objects[key] = stored
        return stored

    def remove(self, group: str, plural: str, namespace: str, name: str) -> None:
        del self._objects[(group, plural, namespace, name)]
        self._version = next(self._versions)

    def revision(self, group: str, plural: str) -> int:
        return self._version

    def get(self, group: str, plural: str, namespace: str, name: str) -> Manifest | None:
        return self._objects.get((group, plural, namespace, name))

    def list(self, group: str, plural: str, namespace: str | None = None) -> Iterable[Manifest]:
        return [
            m
            for key, m in self._objects.items()
            if key[:2] == (group, plural) and namespace in (None, key[2])
        ]

    def role(
        self,
        name: str,
        rules: Sequence[Manifest],
        namespace: str = "",
        labels: dict[str, str] | None = None,
        **fields: object,
    ) -> Manifest:
        kind = "Role" if namespace else "ClusterRole"
        manifest = rbac_manifest(kind, name, namespace, labels, rules=list(rules), **fields)
        return self.put("roles" if namespace else "clusterroles", manifest)

    def bind(
        self, role: str, *subjects: str, namespace: str = "", kind: str = "ClusterRole"
    ) -> Manifest:
        """Subjects are written `User:alice`, `Group:devs`, `ServiceAccount:demo/builder`."""
        manifest = rbac_manifest(
            "RoleBinding" if namespace else "ClusterRoleBinding",
            f"{role}-binding",
            namespace,
            None,
            roleRef={"apiGroup": RBAC, "kind": kind, "name": role},
            subjects=[_subject(text) for text in subjects],
        )
        return self.put("rolebindings" if namespace else "clusterrolebindings", manifest)


def rbac_manifest(
    kind: str, name: str, namespace: str, labels: dict[str, str] | None, **body: object
) -> Manifest:
    metadata: Manifest = {"name": name, "labels": labels or {}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, **body}


def _subject(text: str) -> Manifest:
    kind, _, name = text.partition(":")
    if kind != "ServiceAccount":
        return {"kind": kind, "name": name, "apiGroup": RBAC}
    namespace, _, name = name.partition("/")
    return {"kind": kind, "name": name, "namespace": namespace}


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def bootstrapped(objects: Objects) -> Objects:
    plurals = {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"}
    for manifest in bootstrap_manifests():
        objects.put(plurals[manifest["kind"]], manifest)
    return objects


WIDGET = ResourceType("example.com", "v1", "Widget", "widgets")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with ApiServer(ApiServerSettings(data=tmp_path / "data")) as server:
        yield server


@pytest.fixture
def client(server: ApiServer) -> LocalClient:
    return server.client("admin", ["system:masters"])


@pytest.fixture
def kubeconfig(server: ApiServer, tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    server.kubeconfig(path=path)
    return path


@pytest.fixture
async def http(kubeconfig: Path) -> AsyncIterator[HttpClient]:
    async with HttpClient(settings_from_kubeconfig(kubeconfig)) as client:
        yield client


@pytest.fixture
def widget_type() -> ResourceType:
    return WIDGET


@pytest.fixture
def widget_definition() -> Callable[..., Manifest]:
    """Makes a CRD of widgets; keyword arguments replace parts of the version."""

    def make(spec: Manifest | None = None, **version: object) -> Manifest:
        schema = spec or {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "port": {"x-kubernetes-int-or-string": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
                    },
                },
            },
        }
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"kind": "Widget", "plural": "widgets", "shortNames": ["wd"]},
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
                                    "spec": schema,
                                    "status": {
                                        "type": "object",
                                        "x-kubernetes-preserve-unknown-fields": True,
                                    },
                                },
                            }
                        },
                        **version,
                    }
                ],
            },
        }

    return make
