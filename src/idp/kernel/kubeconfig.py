"""Where an API server is and who connects, as a kubeconfig file says it."""

from __future__ import annotations

import base64
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from idp.kernel.errors import InvalidInput
from idp.kernel.strict_yaml import load_documents


@dataclass(frozen=True)
class ConnectionSettings:
    """Where an API server is and who connects.

    Attributes:
        server: Base address, such as `https://127.0.0.1:8621`.
        certificate_authority: PEM text that signs the server's certificate; None uses the
            machine's trust store.
        token: Bearer token; never logged.
        client_certificate: PEM text; with `client_key` the client identifies itself by TLS.
        client_key: PEM text.
        impersonate_user: Act as this user (needs the `impersonate` verb).
        impersonate_groups: Groups of the impersonated user.
        timeout: Seconds for one request that is not a watch.
    """

    server: str
    certificate_authority: str | None = None
    token: str | None = field(default=None, repr=False)
    client_certificate: str | None = None
    client_key: str | None = field(default=None, repr=False)
    impersonate_user: str | None = None
    impersonate_groups: tuple[str, ...] = ()
    timeout: float = 30.0


def settings_from_kubeconfig(path: Path, context: str | None = None) -> ConnectionSettings:
    """Read one context of a kubeconfig file.

    Raises:
        InvalidInput: The file, the context or what it names is missing.
    """
    try:
        (config,) = load_documents(path.read_bytes(), name=str(path))
        chosen = context or config["current-context"]
        named = {
            kind: {entry["name"]: entry[kind[:-1]] for entry in config.get(kind, [])}
            for kind in ("contexts", "clusters", "users")
        }
        ctx = named["contexts"][chosen]
        cluster = named["clusters"][ctx["cluster"]]
        user = named["users"][ctx["user"]]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"{path} is not a usable kubeconfig: {error}",
            remedy="Start the platform with `idp-cli up`, or name another file.",
        ) from error
    return ConnectionSettings(
        server=cluster["server"].rstrip("/"),
        certificate_authority=_pem(path, cluster, "certificate-authority"),
        token=user.get("token"),
        client_certificate=_pem(path, user, "client-certificate"),
        client_key=_pem(path, user, "client-key"),
    )


def kubeconfig_text(settings: ConnectionSettings, *, user: str, name: str) -> str:
    """A kubeconfig of one context, with the credentials in it.

    Args:
        settings: Where the server is and who connects; impersonation is not written.
        user: Name of the user.
        name: Name of cluster and context.
    """
    cluster = {"server": settings.server}
    if settings.certificate_authority:
        cluster["certificate-authority-data"] = _encoded(settings.certificate_authority)
    credentials = {}
    if settings.client_certificate and settings.client_key:
        credentials["client-certificate-data"] = _encoded(settings.client_certificate)
        credentials["client-key-data"] = _encoded(settings.client_key)
    if settings.token:
        credentials["token"] = settings.token
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    return yaml.safe_dump(config, sort_keys=False)


def _encoded(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


def _pem(kubeconfig: Path, entry: dict[str, Any], name: str) -> str | None:
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(str(data)).decode()
    if file := entry.get(name):
        return (kubeconfig.parent / str(file)).read_text()
    return None


def tls_context(settings: ConnectionSettings) -> ssl.SSLContext | bool:
    """How to check the server and to show who connects; True without TLS: nothing is special."""
    if not settings.server.startswith("https:"):
        return True
    context = ssl.create_default_context(cadata=settings.certificate_authority)
    if settings.client_certificate and settings.client_key:
        # The ssl module loads a key pair from a file only; it is gone again at once.
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
            pair.write(settings.client_certificate + "\n" + settings.client_key)
            pair.flush()
            context.load_cert_chain(pair.name)
    return context
