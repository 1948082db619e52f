"""Objects in memory, for everything that reads through `ObjectLookup`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest

from idp.embedded.apiserver.access.bootstrap import bootstrap_manifests
from idp.kernel.resource import Manifest

RBAC = "rbac.authorization.k8s.io"


class Objects:
    """An `ObjectLookup` that tests fill."""

    def __init__(self) -> None:
        self._versions = itertools.count(1)
        self._objects: dict[tuple[str, str, str, str], Manifest] = {}

    def put(self, plural: str, manifest: Manifest) -> Manifest:
        version = next(self._versions)
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
