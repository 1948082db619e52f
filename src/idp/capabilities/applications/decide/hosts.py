"""Which of several applications gets a host name. Pure.

The older application keeps a host; of two of the same age the one whose namespace and name come
first. So every instance of the controller decides alike, without a lock.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.applications.render import hosts
from idp.kernel import conditions
from idp.kernel.resource import Condition, Manifest


def asked_hosts(manifest: Manifest, environment: str) -> list[str]:
    """Host names that a WebApplication asks for; its spec may be of any form."""
    own = f"{manifest['metadata']['name']}.{environment}.localhost"
    further = (manifest.get("spec") or {}).get("hosts") or []
    return [own, *(host for host in further if host != own)]


def available_hosts(
    application: WebApplication, environment: str, applications: Sequence[Manifest]
) -> list[str]:
    """The hosts of the application that no older one asks for, in its own order."""
    mine = _age(application.manifest())
    taken = {
        host
        for other in applications
        if other["metadata"].get("uid") != application.metadata.uid and _age(other) < mine
        for host in asked_hosts(other, environment)
    }
    return [host for host in hosts(application, environment) if host not in taken]


def _age(manifest: Manifest) -> tuple[str, str, str]:
    meta = manifest["metadata"]
    return (meta.get("creationTimestamp") or "", meta.get("namespace") or "", meta["name"])


def hosts_available(
    application: WebApplication, environment: str, available: Sequence[str]
) -> Condition:
    """The condition `HostsAvailable`: false names the hosts that an older application has."""
    lost = [host for host in hosts(application, environment) if host not in available]
    if not lost:
        return conditions.true("HostsAvailable", "Claimed", "All host names are its own.")
    return conditions.false(
        "HostsAvailable",
        "HostConflict",
        f"An older application has {', '.join(lost)}.",
        remedy="Rename this application or change spec.hosts.",
    )
