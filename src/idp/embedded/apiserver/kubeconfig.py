"""Kubeconfig files: how a client finds the server and proves who it is."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from idp.embedded.apiserver.access.files import replace_private


def kubeconfig_text(
    server: str, authority: str, certificate: str, key: str, *, user: str, name: str
) -> str:
    """A kubeconfig with a client certificate.

    Args:
        server: Base address of the server.
        authority: Certificate (PEM) that signs the server's.
        certificate: Client certificate (PEM).
        key: Its private key (PEM).
        user: Name of the user.
        name: Name of cluster and context.
    """
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {"server": server, "certificate-authority-data": _encoded(authority)},
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _encoded(certificate),
                    "client-key-data": _encoded(key),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    return yaml.safe_dump(config, sort_keys=False)


def write_kubeconfig(path: Path, text: str) -> None:
    """Write a file that only its owner can read (mode 0600)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_private(path, text.encode())


def _encoded(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()
