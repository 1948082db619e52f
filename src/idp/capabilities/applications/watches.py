"""Which changes concern which applications.

Most objects bear their application's name. Two do not: a configuration, which several applications
may use, and another application that asks for the same host. For these the index remembers what
each application last asked for. It only decides whom to wake, never what is true: that is read
anew by every reconciliation, and an application that the index has not seen yet is reconciled at
the start anyway.
"""

from __future__ import annotations

from collections.abc import Iterable

from idp.capabilities.applications.decide.hosts import asked_hosts
from idp.kernel.controller import Request
from idp.kernel.resource import Manifest


class ApplicationIndex:
    """Applications by the host names and configurations that they ask for."""

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._hosts: dict[Request, frozenset[str]] = {}
        self._configurations: dict[Request, str] = {}

    def application_changed(self, manifest: Manifest) -> Iterable[Request]:
        """The application itself, and all that share a host with it now or did before."""
        request = _request(manifest)
        hosts = frozenset(asked_hosts(manifest, self._environment))
        touched = hosts | self._hosts.get(request, frozenset())
        self._hosts[request] = hosts
        named = (manifest.get("spec") or {}).get("configuration")
        self._configurations[request] = named or f"{request.name}-config"
        rivals = [r for r, theirs in self._hosts.items() if r != request and theirs & touched]
        return [request, *rivals]

    def configuration_changed(self, manifest: Manifest) -> Iterable[Request]:
        """The applications that use a configuration, or its ConfigMap of the same name."""
        changed = _request(manifest)
        return [
            request
            for request, name in self._configurations.items()
            if name == changed.name and request.namespace == changed.namespace
        ]


def release_changed(manifest: Manifest) -> Iterable[Request]:
    """The application that a release is of."""
    name = (manifest.get("spec") or {}).get("application")
    return [Request(manifest["metadata"]["namespace"], name)] if isinstance(name, str) else []


def _request(manifest: Manifest) -> Request:
    return Request(manifest["metadata"]["namespace"], manifest["metadata"]["name"])
