"""All objects -> one whole configuration, and what of them could not be taken in. Pure.

A VirtualService that is wrong costs nobody else anything: it is left out and says why. A host
belongs to the oldest VirtualService that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from idp.embedded.gateway.backends import (
    Backend,
    addresses,
    cluster,
    find_backend,
    load_assignment,
)
from idp.embedded.gateway.bootstrap import ROUTE_CONFIGURATION, TYPES
from idp.embedded.gateway.fields import only
from idp.embedded.gateway.routes import http_routes
from idp.kernel.errors import IdpError, Invalid
from idp.kernel.manifest import digest
from idp.kernel.resource import Manifest

Name = tuple[str, str]
"""Namespace and name of an object."""

_SPEC_FIELDS = ("hosts", "gateways", "http", "exportTo")


@dataclass(frozen=True)
class Site:
    """What one VirtualService amounts to.

    Attributes:
        virtual_host: Envoy's `VirtualHost`.
        backends: The backends that it names.
    """

    virtual_host: Manifest
    backends: frozenset[Backend]

    @property
    def version(self) -> str:
        """Digest of the content."""
        return digest(self.virtual_host)


@dataclass(frozen=True)
class Snapshot:
    """A whole configuration.

    Attributes:
        sites: What is served, by VirtualService.
        problems: Why others are not served.
        endpoints: Ready addresses of every backend that a site names.
    """

    sites: Mapping[Name, Site] = field(default_factory=dict)
    problems: Mapping[Name, IdpError] = field(default_factory=dict)
    endpoints: Mapping[Backend, list[tuple[str, int]]] = field(default_factory=dict)


def snapshot(
    virtual_services: Iterable[Manifest],
    services: Iterable[Manifest],
    endpoints: Iterable[Manifest],
) -> Snapshot:
    """Build the configuration for all objects."""
    by_name = {_name(service): service for service in services}
    ready = {_name(one): one for one in endpoints}
    sites: dict[Name, Site] = {}
    problems: dict[Name, IdpError] = {}
    taken: dict[str, Name] = {}
    for manifest in sorted(virtual_services, key=_age):
        name = _name(manifest)
        try:
            site = _site(manifest, by_name, taken)
        except IdpError as error:
            problems[name] = error
            continue
        sites[name] = site
        taken |= dict.fromkeys(site.virtual_host["domains"], name)
    backends = sorted({backend for site in sites.values() for backend in site.backends})
    return Snapshot(
        sites,
        problems,
        {
            b: addresses(b, by_name[(b.namespace, b.service)], ready.get((b.namespace, b.service)))
            for b in backends
        },
    )


def _name(manifest: Manifest) -> Name:
    return manifest["metadata"].get("namespace", "default"), manifest["metadata"]["name"]


def _age(manifest: Manifest) -> tuple[str, Name]:
    return manifest["metadata"].get("creationTimestamp") or "", _name(manifest)


def _site(manifest: Manifest, services: Mapping[Name, Manifest], taken: Mapping[str, Name]) -> Site:
    spec, (namespace, name) = manifest.get("spec") or {}, _name(manifest)
    only(spec, _SPEC_FIELDS, "spec")
    hosts: list[str] = [host.lower() for host in spec.get("hosts") or ()]
    if not hosts or not spec.get("http"):
        raise Invalid("spec.hosts and spec.http must not be empty")
    for host in hosts:
        if owner := taken.get(host):
            raise Invalid(
                f"host {host} belongs to VirtualService {'/'.join(owner)}, which is older",
                remedy="Use another host, or delete the other VirtualService.",
            )
    routes, backends = http_routes(
        spec["http"],
        f"{namespace}/{name}",
        lambda host, port: find_backend(host, port, namespace, services),
    )
    virtual_host = {"name": f"{namespace}/{name}", "domains": sorted(set(hosts)), "routes": routes}
    return Site(virtual_host, frozenset(backends))


def discovery_response(resources: Sequence[Manifest]) -> Manifest:
    """Resources as a file holds them; the version is the digest of the content."""
    return {"version_info": digest(resources), "resources": list(resources)}


def clusters_of(backends: Iterable[Backend]) -> Manifest:
    """The file of clusters."""
    return discovery_response([cluster(backend) for backend in sorted(backends)])


def routes_of(sites: Mapping[Name, Site]) -> Manifest:
    """The file of routes."""
    configuration = {
        "@type": TYPES + "envoy.config.route.v3.RouteConfiguration",
        "name": ROUTE_CONFIGURATION,
        "ignore_port_in_host_matching": True,
        "virtual_hosts": [site.virtual_host for _, site in sorted(sites.items())],
    }
    return discovery_response([configuration])


def endpoints_of(backend: Backend, ready: list[tuple[str, int]]) -> Manifest:
    """The file of a backend's endpoints."""
    return discovery_response([load_assignment(backend, ready)])
