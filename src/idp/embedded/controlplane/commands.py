"""The command lines of etcd and kube-apiserver, and the audit policy. Pure.

All paths are relative to the folder in which both work: Unix sockets have room for 107 bytes only.
etcd listens on Unix sockets, not on ports, because it serves whoever reaches it, and a folder of
mode 0700 keeps everybody else away. Its advertised addresses are never dialled by a single member
and have to look like addresses.
"""

from __future__ import annotations

from typing import Any

from idp.embedded.controlplane.binaries import Binaries

ETCD_SOCKET = "etcd.sock"
AUDIT_LOG = "audit.log"
AUDIT_POLICY = "audit-policy.json"
CLIENT_AUTHORITY = "ca.crt"
SERVER_CERTIFICATE = "server.crt"
SERVER_KEY = "server.key"
ACCOUNTS_KEY = "service-accounts.key"
ACCOUNTS_PUBLIC_KEY = "service-accounts.pub"
KUBELET_CERTIFICATE = "kubelet-client.crt"
KUBELET_KEY = "kubelet-client.key"

SERVICE_ADDRESSES = "10.0.0.0/16"
AUDIT_MEGABYTES = 20
AUDIT_FORMER_FILES = 5
_QUESTIONS = ("authorization.k8s.io", "authentication.k8s.io")
_NOBODY = "http://localhost"


def etcd_command(binaries: Binaries) -> list[str]:
    """How etcd is started."""
    return [
        str(binaries.etcd),
        "--name=idp",
        "--data-dir=etcd",
        f"--listen-client-urls=unix://{ETCD_SOCKET}",
        f"--advertise-client-urls={_NOBODY}:2379",
        "--listen-peer-urls=unix://etcd-peer.sock",
        f"--initial-advertise-peer-urls={_NOBODY}:2380",
        f"--initial-cluster=idp={_NOBODY}:2380",
        "--log-level=warn",
    ]


def apiserver_command(binaries: Binaries, *, port: int, issuer: str) -> list[str]:
    """How kube-apiserver is started.

    The admission plugin `ServiceAccount` is off, as it is in envtest: it would mount a token into
    every pod. No endpoints are reconciled for the `kubernetes` Service, whose address would have
    to be one of the machine's that is not loopback; nothing listens there.
    """
    return [
        str(binaries.apiserver),
        f"--etcd-servers=unix://{ETCD_SOCKET}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={SERVER_CERTIFICATE}",
        f"--tls-private-key-file={SERVER_KEY}",
        f"--client-ca-file={CLIENT_AUTHORITY}",
        f"--service-account-issuer={issuer}",
        f"--service-account-key-file={ACCOUNTS_PUBLIC_KEY}",
        f"--service-account-signing-key-file={ACCOUNTS_KEY}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        f"--service-cluster-ip-range={SERVICE_ADDRESSES}",
        "--endpoint-reconciler-type=none",
        f"--kubelet-certificate-authority={CLIENT_AUTHORITY}",
        f"--kubelet-client-certificate={KUBELET_CERTIFICATE}",
        f"--kubelet-client-key={KUBELET_KEY}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--audit-policy-file={AUDIT_POLICY}",
        f"--audit-log-path={AUDIT_LOG}",
        f"--audit-log-maxsize={AUDIT_MEGABYTES}",
        f"--audit-log-maxbackup={AUDIT_FORMER_FILES}",
        "--audit-log-mode=blocking",
        "--profiling=false",
    ]


def audit_policy() -> dict[str, Any]:
    """Every request that changes something, without content; not what the server does itself."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived", "ResponseStarted"],
        "rules": [
            {"level": "None", "verbs": ["get", "list", "watch"]},
            {"level": "None", "users": ["system:apiserver"]},
            {"level": "None", "resources": [{"group": group} for group in _QUESTIONS]},
            {"level": "None", "nonResourceURLs": ["*"]},
            {"level": "Metadata"},
        ],
    }
