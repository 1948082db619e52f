"""A control plane that runs already: the context of the environment's name in a kubeconfig.

1. It must be bare. Where a kube-controller-manager or nodes act on the same objects, pods would be
   made and run twice; such a cluster runs its workloads itself.
2. It belongs to one instance. A ConfigMap in it says to which; nobody takes it from another.
3. The hub gets a ServiceAccount that may impersonate and nothing else; its token is renewed.
4. Nothing here can see the audit of a server that others run, and it cannot ask this machine for
   the logs of pods: both are missing, and the documentation says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from idp.apps.instance.control_planes.ports import Place
from idp.apps.instance.groups import HUB
from idp.apps.platform.clusters import connections
from idp.apps.platform.files import read_json, write_json
from idp.apps.platform.settings import require_settings
from idp.embedded.controlplane.machinery.cluster_roles import ClusterRoleReconciler
from idp.embedded.controlplane.machinery.garbage import GarbageCollector
from idp.embedded.controlplane.machinery.namespaces import NamespaceReconciler
from idp.embedded.workloads.settings import WorkloadSettings
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import parse_timestamp, utc_now
from idp.kernel.controller import Runnable
from idp.kernel.errors import AlreadyExists, MissingPrerequisite, NotFound
from idp.kernel.files import replace_file
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import ConnectionSettings, kubeconfig_text
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    LEASE,
    SERVICE_ACCOUNT,
)

SYSTEM = "kube-system"
CLAIM = "idp-instance"
FIELD_MANAGER = "idp-instance"
TOKEN_SECONDS = 24 * 3600
LEASE_COUNTS_FOR = timedelta(seconds=60)
NODE = ResourceType("", "v1", "Node", "nodes", namespaced=False)
REVIEW = ResourceType(
    "authorization.k8s.io",
    "v1",
    "SelfSubjectAccessReview",
    "selfsubjectaccessreviews",
    namespaced=False,
)


class Existing:
    """An API that answers."""

    def __init__(self, place: Place, client: HttpClient) -> None:
        self._folders = place.folders
        self.client = client
        self.workloads = WorkloadSettings()
        self._hub = HubToken(client, place.folders.hub_kubeconfig)
        authority = client.settings.certificate_authority or ""
        self.parts: Mapping[str, Runnable] = {
            "garbage": GarbageCollector(client),
            "namespaces": NamespaceReconciler(client, authority).controller(),
            "cluster-roles": ClusterRoleReconciler(client).controller(),
            "hub-token": self._hub,
        }

    async def publish(self) -> None:
        """Write the kubeconfigs."""
        text = kubeconfig_text(self.client.settings, user="admin", name="idp")
        replace_file(self._folders.kubeconfig, text.encode())
        await self._hub.renew()


class HubToken(Runnable):
    """Keeps the hub's kubeconfig valid.

    Args:
        client: With all rights.
        kubeconfig: Written anew with every token; the hub notices.
    """

    def __init__(self, client: HttpClient, kubeconfig: Path) -> None:
        self._client = client
        self._kubeconfig = kubeconfig
        self._renew_at = utc_now()

    async def run(self) -> None:
        """Renew until cancelled, each time after two thirds of a token's life."""
        while True:
            await asyncio.sleep(max(1.0, (self._renew_at - utc_now()).total_seconds()))
            await self.renew()

    async def renew(self) -> None:
        """Write a kubeconfig with a new token."""
        for type_, manifest in hub_account():
            await self._client.apply(type_, manifest, field_manager=FIELD_MANAGER)
        path = f"{SERVICE_ACCOUNT.path(SYSTEM, HUB)}/token"
        wanted = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": TOKEN_SECONDS},
        }
        now = utc_now()
        status = (await self._client.request_object("POST", path, manifest=wanted))["status"]
        self._renew_at = now + (_expiry(status) - now) * 2 / 3
        server = self._client.settings
        connection = ConnectionSettings(
            server.server, server.certificate_authority, token=status["token"]
        )
        text = kubeconfig_text(connection, user=HUB, name="idp")
        replace_file(self._kubeconfig, text.encode())


def _expiry(status: Manifest) -> datetime:
    return parse_timestamp(status["expirationTimestamp"])


def hub_account() -> list[tuple[ResourceType, Manifest]]:
    """The hub's ServiceAccount, bound to the role that lets it impersonate. Pure."""
    subject = {"kind": "ServiceAccount", "name": HUB, "namespace": SYSTEM}
    binding = render(
        CLUSTER_ROLE_BINDING,
        f"{HUB}-account",
        roleRef={"apiGroup": CLUSTER_ROLE.group, "kind": "ClusterRole", "name": HUB},
        subjects=[subject],
    )
    return [
        (SERVICE_ACCOUNT, {"metadata": {"name": HUB, "namespace": SYSTEM}}),
        (CLUSTER_ROLE_BINDING, binding),
    ]


@asynccontextmanager
async def open_existing(place: Place) -> AsyncIterator[Existing]:
    """Connect; nothing is stopped when the context is left.

    Raises:
        MissingPrerequisite: The kubeconfig or the control plane will not do.
        Unavailable: It does not answer.
    """
    environments = tuple(require_settings(place.layout).instances)
    path = Path(place.settings.kubeconfig)
    connection = connections(path, environments)[place.environment]
    async with HttpClient(connection) as client:
        await demand_rights(client, place.environment)
        await demand_bare(client, place.environment)
        await claim(client, place.environment, place.folders.cluster)
        yield Existing(place, client)


async def demand_rights(client: Client, context: str) -> None:
    """Refuse a user who may not do everything.

    Raises:
        MissingPrerequisite: He may not.
    """
    attributes = {"verb": "*", "group": "*", "resource": "*"}
    review = await client.create(REVIEW, {"spec": {"resourceAttributes": attributes}})
    if not (review.get("status") or {}).get("allowed"):
        raise MissingPrerequisite(
            f"the user of the context {context} may not do everything in its cluster",
            remedy="Use a user with the ClusterRole cluster-admin: an instance makes kinds, roles "
            "and admission policies.",
        )


async def demand_bare(client: Client, context: str) -> None:
    """Refuse a cluster that runs workloads itself.

    Raises:
        MissingPrerequisite: It has nodes or a controller manager.
    """
    try:
        found = (await client.list(NODE)).items
    except NotFound:
        found = []  # an API server without the kind, such as the platform's own
    by = f"{len(found)} nodes" if found else ""
    lease = await get_or_none(client, LEASE, "kube-controller-manager", SYSTEM)
    if lease is not None and _is_held(lease["spec"]):
        by = by or "a kube-controller-manager"
    if by:
        raise MissingPrerequisite(
            f"the cluster of the context {context} has {by}: it runs workloads itself, and each "
            "would be run twice",
            remedy="Use bare control planes (etcd and kube-apiserver), or --control-plane envtest, "
            "which starts them.",
        )


def _is_held(spec: Mapping[str, Any]) -> bool:
    renewed = spec.get("renewTime")
    return bool(renewed) and utc_now() - parse_timestamp(str(renewed)) < LEASE_COUNTS_FOR


async def claim(client: Client, environment: str, note: Path) -> None:
    """Take a cluster for this instance, once.

    Args:
        client: With all rights.
        environment: Of the instance.
        note: Where the instance keeps what it wrote into the cluster.

    Raises:
        MissingPrerequisite: It belongs to another instance, or is not the one of before.
    """
    own = read_json(note)
    if own is None:
        own = {"id": secrets.token_hex(16), "claimed": False}
        write_json(note, own)
    if not own["claimed"]:
        manifest = {
            "metadata": {"name": CLAIM, "namespace": SYSTEM},
            "data": {"environment": environment, "id": own["id"]},
        }
        with contextlib.suppress(AlreadyExists):
            await client.create(CONFIG_MAP, manifest)
    found = await get_or_none(client, CONFIG_MAP, CLAIM, SYSTEM)
    data = (found or {}).get("data") or {}
    if found is None:
        raise MissingPrerequisite(
            f"the context {environment} is another cluster than before, or it was emptied",
            remedy="Name the former one again, or set up another platform with --data.",
        )
    if data.get("id") != own["id"]:
        raise MissingPrerequisite(
            f"the cluster of the context {environment} belongs to another instance "
            f"({data.get('environment', 'unknown')})",
            remedy="Use a cluster of its own. If that platform is gone: `kubectl --context "
            f"{environment} delete configmap {CLAIM} -n {SYSTEM}`.",
        )
    if not own["claimed"]:
        write_json(note, {**own, "claimed": True})
