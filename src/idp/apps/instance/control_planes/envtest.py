"""A real etcd and kube-apiserver of the instance's own, as children of its process.

Certificates are signed by an authority of the instance, made with the first start and kept; all but
it and the key of ServiceAccount tokens are new with every start. What a cluster's controller
manager does for the API itself runs here as clients of it.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from idp.apps.instance.control_planes.ports import ADMINISTRATOR, CONTROLLER_USER, Place
from idp.apps.instance.groups import HUB, HUB_GROUP
from idp.apps.instance.people import PeopleLog
from idp.embedded.apiserver.access.certificates import CertificateAuthority
from idp.embedded.apiserver.access.service_account_tokens import open_signing_key
from idp.embedded.controlplane.audit import AuditFollower
from idp.embedded.controlplane.binaries import Binaries
from idp.embedded.controlplane.engine import ControlPlane, Identity
from idp.embedded.controlplane.kubelet import API_SERVER, Kubelet
from idp.embedded.controlplane.machinery.cluster_roles import ClusterRoleReconciler
from idp.embedded.controlplane.machinery.garbage import GarbageCollector
from idp.embedded.controlplane.machinery.namespaces import NamespaceReconciler
from idp.embedded.workloads.pods.logs import PodLogs
from idp.embedded.workloads.settings import WorkloadSettings
from idp.kernel.controller import Runnable
from idp.kernel.files import replace_file
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import ConnectionSettings, kubeconfig_text

ISSUER = "https://kubernetes.default.svc"
NAMES = ("localhost", "kubernetes.default.svc")
LOOPBACK = "127.0.0.1"
NODE = "local"


class Envtest:
    """An API that answers."""

    def __init__(
        self, place: Place, authority: CertificateAuthority, control_plane: ControlPlane
    ) -> None:
        self._folders = place.folders
        self._authority = authority
        self._server = f"https://{LOOPBACK}:{place.port}"
        self.client = HttpClient(self._connection(CONTROLLER_USER, ADMINISTRATOR))
        self.workloads = WorkloadSettings(node=NODE, bind=True)
        kubelet = Kubelet(
            self.client,
            node=NODE,
            logs=PodLogs(place.pod_folder),
            tls=_kubelet_tls(authority),
        )
        self.parts: Mapping[str, Runnable] = {
            "control-plane": control_plane,
            "garbage": GarbageCollector(self.client),
            "namespaces": NamespaceReconciler(self.client, authority.certificate).controller(),
            "cluster-roles": ClusterRoleReconciler(self.client).controller(),
            "kubelet": kubelet,
            "audit": AuditFollower(place.folders.control_plane, PeopleLog(place.audit)),
        }

    def _connection(self, user: str, group: str) -> ConnectionSettings:
        certificate, key = self._authority.issue_client(user, (group,))
        return ConnectionSettings(
            self._server,
            certificate_authority=self._authority.certificate,
            client_certificate=certificate,
            client_key=key,
        )

    async def publish(self) -> None:
        """Write the kubeconfigs."""
        for user, group, path in (
            ("admin", ADMINISTRATOR, self._folders.kubeconfig),
            (HUB, HUB_GROUP, self._folders.hub_kubeconfig),
        ):
            text = kubeconfig_text(self._connection(user, group), user=user, name="idp")
            replace_file(path, text.encode())


@asynccontextmanager
async def open_envtest(place: Place) -> AsyncIterator[Envtest]:
    """Start both programs; they end when the context is left, or this process is.

    Raises:
        MissingPrerequisite: The programs, the authority or the signing key are damaged or gone.
        Unavailable: One of the programs ends at once.
    """
    folder = place.folders.control_plane
    authority = CertificateAuthority.open(folder / "pki")
    identity = Identity(
        authority=authority.certificate,
        server=authority.issue_server(NAMES, (LOOPBACK,)),
        kubelet=authority.issue_client(API_SERVER),
        accounts=_account_keys(folder / "pki"),
    )
    binaries = Binaries(Path(place.settings.assets))
    control_plane = ControlPlane(
        folder, binaries, port=place.port, identity=identity, issuer=ISSUER
    )
    envtest = Envtest(place, authority, control_plane)
    async with envtest.client as client:
        await control_plane.start(lambda: client.request("GET", "/readyz"))
        try:
            yield envtest
        finally:
            await control_plane.stop()


def _account_keys(folder: Path) -> tuple[str, str]:
    key, pem = open_signing_key(folder / "service-accounts.pem"), serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _kubelet_tls(authority: CertificateAuthority) -> ssl.SSLContext:
    context = authority.server_context(("localhost",), (LOOPBACK,))
    context.verify_mode = ssl.CERT_REQUIRED
    return context
