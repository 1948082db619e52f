"""The life of a namespace: what comes with it, and emptying it before it goes."""

from __future__ import annotations

import contextlib

from idp.embedded.controlplane.machinery.discovery import discover
from idp.kernel.client import get_or_none
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT

_AGAIN_SECONDS = 0.5
_FINALIZER = "kubernetes"


class NamespaceReconciler:
    """Gives every namespace its ServiceAccount `default` and the CA; empties those that go.

    Args:
        client: With all rights.
        authority: Certificate (PEM) that clients in pods trust.
        clock: Tells the time.
    """

    def __init__(self, client: HttpClient, authority: str, clock: Clock = utc_now) -> None:
        self._client = client
        self._metadata = client.metadata_only()
        self._authority = authority
        self._clock = clock

    def controller(self) -> Controller:
        """The controller that runs this reconciler."""
        return Controller("namespaces", self._client, self.reconcile, [Watch(NAMESPACE)])

    async def reconcile(self, request: Request) -> Result:
        """Look at one namespace."""
        namespace = await get_or_none(self._client, NAMESPACE, request.name)
        if namespace is None:
            return Result()
        if "deletionTimestamp" not in namespace["metadata"]:
            await self._fill(request.name)
            return Result()
        remaining = await self._empty(request.name)
        if not remaining:
            await self._let_go(namespace)
            return Result()
        await self._report(namespace, remaining)
        return Result(_AGAIN_SECONDS)

    async def _fill(self, namespace: str) -> None:
        wanted: list[tuple[ResourceType, Manifest]] = [
            (SERVICE_ACCOUNT, {"metadata": {"name": "default", "namespace": namespace}}),
            (
                CONFIG_MAP,
                {
                    "metadata": {"name": "kube-root-ca.crt", "namespace": namespace},
                    "data": {"ca.crt": self._authority},
                },
            ),
        ]
        for type_, manifest in wanted:
            name = manifest["metadata"]["name"]
            if await get_or_none(self._metadata, type_, name, namespace) is None:
                with contextlib.suppress(AlreadyExists):
                    await self._client.create(type_, manifest)

    async def _empty(self, namespace: str) -> dict[str, int]:
        """Delete what is in a namespace; gives what was there, by kind."""
        found: dict[str, int] = {}
        for kind in await discover(self._client):
            if not kind.type.namespaced or not kind.verbs >= {"list", "delete"}:
                continue
            items = (await self._metadata.list(kind.type, namespace)).items
            if items:
                found[f"{kind.type.plural}.{kind.type.group}".rstrip(".")] = len(items)
            for item in items:
                meta = item["metadata"]
                if "deletionTimestamp" not in meta:
                    with contextlib.suppress(NotFound):
                        await self._client.delete(kind.type, meta["name"], namespace)
        return found

    async def _let_go(self, namespace: Manifest) -> None:
        kept = [f for f in namespace["spec"].get("finalizers") or [] if f != _FINALIZER]
        manifest = {**namespace, "spec": {**namespace["spec"], "finalizers": kept}}
        with contextlib.suppress(NotFound):
            await self._client.update(NAMESPACE, manifest, subresource="finalize")

    async def _report(self, namespace: Manifest, remaining: dict[str, int]) -> None:
        """State what keeps the namespace."""
        parts = [f"{name} has {count} resource instances" for name, count in remaining.items()]
        message = "Some resources are remaining: " + ", ".join(parts)
        known = (namespace.get("status") or {}).get("conditions") or []
        if any(condition.get("message") == message for condition in known):
            return
        condition = {
            "type": "NamespaceContentRemaining",
            "status": "True",
            "reason": "SomeResourcesRemain",
            "message": message,
            "lastTransitionTime": timestamp(self._clock()),
        }
        patch: Manifest = {"status": {"conditions": [condition]}}
        with contextlib.suppress(NotFound):
            await self._client.patch(
                NAMESPACE, namespace["metadata"]["name"], patch, subresource="status"
            )
