"""The life of a namespace: what comes with it, and emptying it before it goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.machinery.worker import Worker
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Key
from idp.kernel.clock import Clock, timestamp
from idp.kernel.resource import Manifest

NAMESPACES = "/namespaces"
PODS = "/pods"
FINALIZER = "kubernetes"
INITIAL = ("default", "kube-system", "kube-public")


@dataclass(frozen=True, slots=True)
class Content:
    """What is left in a namespace.

    Attributes:
        instances: Objects by `plural.group`; a core kind ends in the dot.
        finalizers: Objects by the finalizer that holds them.
    """

    instances: dict[str, int]
    finalizers: dict[str, int]


class Namespaces:
    """Gives every namespace its default ServiceAccount and CA; empties those that are deleted."""

    def __init__(self, system: System, certificate: str, clock: Clock) -> None:
        self._system = system
        self._store = system.store
        self._certificate = certificate
        self._clock = clock
        self.worker = Worker("namespaces", self._look)

    def begin(self) -> None:
        """Look at every namespace."""
        for record in self._store.scan(NAMESPACES):
            self.worker.add(record.key)

    def noticed(self, change: Change) -> None:
        """Look at the namespace that a change concerns."""
        key = change.record.key
        if key.resource == NAMESPACES and change.type != "DELETED":
            self.worker.add(key)
        elif change.type == "DELETED" and key.namespace:
            self.worker.add(Key(NAMESPACES, "", key.namespace))

    async def _look(self, key: Key) -> None:
        record = self._store.get(key)
        if record is None:
            return
        if "deletionTimestamp" in record.shared()["metadata"]:
            await self._empty(key)
            return
        for manifest in self._content(key.name):
            await self._system.create_missing(manifest)

    def _content(self, namespace: str) -> list[Manifest]:
        return [
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": namespace},
            },
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "kube-root-ca.crt", "namespace": namespace},
                "data": {"ca.crt": self._certificate},
            },
        ]

    async def _empty(self, key: Key) -> None:
        # Pods first: what protects others from them (a NetworkPolicy) goes when they are gone.
        if self._store.scan(PODS, key.name):
            await self._delete_all(PODS, key.name)
        else:
            for served in self._system.registry.resources():
                if served.type.namespaced:
                    await self._delete_all(served.resource, key.name)
        content = self._content_left(key.name)
        if content.instances:
            # Each object that goes brings the namespace here again.
            await self._system.change(key, lambda m: self._explained(m, content), "status")
        else:
            await self._system.change(key, _finalized, "finalize")

    async def _delete_all(self, resource: str, namespace: str) -> None:
        for record in self._store.scan(resource, namespace):
            if b'"deletionTimestamp"' not in record.raw:
                await self._system.delete(record.key, "Background")

    def _content_left(self, namespace: str) -> Content:
        instances: dict[str, int] = {}
        finalizers: Counter[str] = Counter()
        for resource in {s.resource for s in self._system.registry.resources()}:
            if records := self._store.scan(resource, namespace):
                group, _, plural = resource.partition("/")
                instances[f"{plural}.{group}"] = len(records)
                for record in records:
                    finalizers.update(record.shared()["metadata"].get("finalizers") or ())
        return Content(instances, dict(finalizers))

    def _explained(self, namespace: Manifest, content: Content) -> Manifest:
        """State what keeps the namespace."""
        status = namespace.setdefault("status", {})
        status["phase"] = "Terminating"
        former = {c["type"]: c for c in status.get("conditions") or ()}
        now = timestamp(self._clock())
        conditions = namespace_conditions(content)
        for condition in conditions:
            since = _since(former.get(condition["type"]), condition, now)
            condition["lastTransitionTime"] = since
        status["conditions"] = conditions
        return namespace


def _since(former: Manifest | None, condition: Manifest, now: str) -> str:
    """When a condition came to its status."""
    if former is None or former["status"] != condition["status"]:
        return now
    return str(former.get("lastTransitionTime", now))


def namespace_conditions(content: Content) -> list[Manifest]:
    """The conditions of a namespace that is emptied, as a cluster's controller words them. Pure."""
    instances, finalizers = sorted(content.instances.items()), sorted(content.finalizers.items())
    left = ", ".join(f"{name} has {count} resource instances" for name, count in instances)
    held = ", ".join(f"{name} in {count} resource instances" for name, count in finalizers)
    remaining = ("False", "ContentRemoved", "All content successfully removed")
    if left:
        remaining = ("True", "SomeResourcesRemain", f"Some resources are remaining: {left}")
    finalizing = (
        "False",
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    )
    if held:
        text = f"Some content in the namespace has finalizers remaining: {held}"
        finalizing = ("True", "SomeFinalizersRemain", text)
    found = {
        "NamespaceDeletionDiscoveryFailure": (
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        "NamespaceDeletionContentFailure": (
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        "NamespaceContentRemaining": remaining,
        "NamespaceFinalizersRemaining": finalizing,
    }
    return [
        {"type": type_, "status": status, "reason": reason, "message": message}
        for type_, (status, reason, message) in found.items()
    ]


def _finalized(namespace: Manifest) -> Manifest:
    """The namespace without our finalizer; others may have theirs."""
    spec = namespace.setdefault("spec", {})
    spec["finalizers"] = [name for name in spec.get("finalizers") or () if name != FINALIZER]
    if not spec["finalizers"]:
        del spec["finalizers"]
    return namespace
