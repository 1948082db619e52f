"""A kubeconfig of the user's whose contexts are the control planes of the environments.

An instance owns its API wholly: kinds and cluster roles of one environment would be those of all,
so namespaces do not keep environments apart. Every environment therefore needs a context of its
name, and every context a server of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from idp.kernel.errors import IdpError, MissingPrerequisite
from idp.kernel.kubeconfig import ConnectionSettings, settings_from_kubeconfig
from idp.kernel.strict_yaml import load_documents

REFUSED_USER_FIELDS = ("exec", "auth-provider", "tokenFile", "username", "as")
REFUSED_CLUSTER_FIELDS = ("insecure-skip-tls-verify", "proxy-url", "tls-server-name")


def connections(path: Path, environments: Sequence[str]) -> dict[str, ConnectionSettings]:
    """How each environment's API is reached.

    Raises:
        MissingPrerequisite: The file cannot be read, lacks a context, names one server twice, or
            asks for what is not supported.
    """
    config = _load(path)
    contexts = _named(path, config, "contexts")
    users, clusters = _named(path, config, "users"), _named(path, config, "clusters")
    if missing := [name for name in environments if name not in contexts]:
        raise MissingPrerequisite(
            f"{path} has no context named {', '.join(missing)}; every environment needs a control "
            "plane of its own, in a context of its name",
            remedy="`kubectl config rename-context NAME "
            f"{missing[0]}` renames one, `kubectl config get-contexts` lists them.",
        )
    for name in environments:
        context = contexts[name]
        _refuse(path, name, users.get(context.get("user"), {}), REFUSED_USER_FIELDS)
        _refuse(path, name, clusters.get(context.get("cluster"), {}), REFUSED_CLUSTER_FIELDS)
    found = {name: _connection(path, name) for name in environments}
    servers: dict[str, str] = {}
    for name, connection in found.items():
        if (other := servers.setdefault(connection.server, name)) != name:
            raise MissingPrerequisite(
                f"the contexts {other} and {name} of {path} are one server, {connection.server}",
                remedy="Give every environment a control plane of its own; namespaces do not keep "
                "environments apart.",
            )
    return found


def _load(path: Path) -> dict[str, Any]:
    try:
        (config,) = load_documents(path.read_bytes(), name=str(path))
    except (OSError, ValueError, IdpError) as error:
        raise _unusable(path, str(error)) from error
    if not isinstance(config, dict):
        raise _unusable(path, "it is no mapping")
    return config


def _named(path: Path, config: dict[str, Any], plural: str) -> dict[Any, dict[str, Any]]:
    """What a list of the file holds, by name."""
    try:
        return {e["name"]: dict(e[plural[:-1]]) for e in config.get(plural) or []}
    except (TypeError, KeyError, ValueError) as error:
        raise _unusable(path, f"its {plural} are not a list of names and values") from error


def _refuse(path: Path, context: str, entry: dict[str, Any], fields: Sequence[str]) -> None:
    if used := [field for field in fields if entry.get(field)]:
        raise MissingPrerequisite(
            f"the context {context} of {path} uses {', '.join(used)}, which is not supported",
            remedy="Use a client certificate or a token in the file, and a server whose "
            "certificate its certificate-authority signed.",
        )


def _connection(path: Path, context: str) -> ConnectionSettings:
    try:
        connection = settings_from_kubeconfig(path, context)
    except (OSError, ValueError, IdpError) as error:
        raise _unusable(path, str(error)) from error
    if not connection.server.startswith("https://"):
        raise _unusable(path, f"the server of the context {context} is not reached by TLS")
    if not connection.token and not (connection.client_certificate and connection.client_key):
        raise _unusable(path, f"the context {context} has neither a client certificate nor a token")
    return connection


def _unusable(path: Path, why: str) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"the kubeconfig {path} cannot be used: {why}",
        remedy=f"`kubectl --kubeconfig {path} get namespaces` must work in every context.",
    )
