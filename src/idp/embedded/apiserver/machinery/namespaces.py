"""The life of a namespace: what comes with it, and emptying it before it goes."""

from __future__ import annotations

from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.machinery.worker import Worker
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Key
from idp.kernel.clock import Clock, timestamp
from idp.kernel.resource import Manifest

NAMESPACES = "/namespaces"
INITIAL = ("default", "kube-system", "kube-public")


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
        for served in self._system.registry.resources():
            if served.type.namespaced:
                for record in self._store.scan(served.resource, key.name):
                    if b'"deletionTimestamp"' not in record.raw:
                        await self._system.delete(record.key, "Background")
        remaining = self._remaining(key.name)
        if remaining:
            # Each object that goes brings the namespace here again.
            await self._system.change(key, lambda m: self._waiting(m, remaining), "status")
        else:
            await self._system.change(key, _finalized, "finalize")

    def _remaining(self, namespace: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for served in self._system.registry.resources():
            if served.type.namespaced and (
                count := len(self._store.scan(served.resource, namespace))
            ):
                found[served.qualified] = count
        return found

    def _waiting(self, namespace: Manifest, remaining: dict[str, int]) -> Manifest:
        """State what keeps the namespace."""
        parts = [f"{name} has {count} resource instances" for name, count in remaining.items()]
        message = "Some resources are remaining: " + ", ".join(parts)
        status = namespace.setdefault("status", {})
        status["phase"] = "Terminating"
        conditions = status.get("conditions") or []
        if any(condition.get("message") == message for condition in conditions):
            return namespace
        status["conditions"] = [
            {
                "type": "NamespaceContentRemaining",
                "status": "True",
                "reason": "SomeResourcesRemain",
                "message": message,
                "lastTransitionTime": timestamp(self._clock()),
            }
        ]
        return namespace


def _finalized(namespace: Manifest) -> Manifest:
    namespace["spec"] = {}
    return namespace
