"""Services and their endpoints -> Envoy clusters and load assignments. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from idp.embedded.gateway.bootstrap import TYPES, file_source
from idp.kernel.errors import Invalid, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import THIS_MACHINE

CLUSTER_DOMAIN = "cluster.local"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, order=True)
class Backend:
    """One port of a Service."""

    namespace: str
    service: str
    port: int

    @property
    def cluster(self) -> str:
        """Name of its Envoy cluster; it also stands in error answers and in the access log."""
        return f"{self.namespace}/{self.service}:{self.port}"

    @property
    def endpoints_file(self) -> str:
        """Where its endpoints are, in Envoy's folder."""
        return f"endpoints/{self.namespace}.{self.service}.{self.port}.json"


def find_backend(
    host: str,
    port: int | None,
    namespace: str,
    services: Mapping[tuple[str, str], Manifest],
) -> Backend:
    """The Service that a destination of a VirtualService means.

    Args:
        host: Short (`hello`) or longer, up to `hello.demo.svc.cluster.local`.
        port: Number of the Service's port; None when it has only one.
        namespace: Of the VirtualService.
        services: By namespace and name.

    Raises:
        Invalid: The host is none of the cluster's, or the port does not fit the Service.
        NotFound: There is no such Service.
    """
    name, _, rest = host.partition(".")
    where = rest.removesuffix(f".svc.{CLUSTER_DOMAIN}").removesuffix(".svc") or namespace
    if not name or "." in where or "*" in host:
        raise Invalid(
            f"destination {host!r} is not a Service of this cluster; other hosts need a "
            "ServiceEntry, which is not supported"
        )
    service = services.get((where, name))
    if service is None:
        raise NotFound(f"there is no Service {where}/{name}")
    ports = [p["port"] for p in (service.get("spec") or {}).get("ports") or ()]
    if port is None and len(ports) != 1:
        raise Invalid(f"Service {where}/{name} has ports {ports}: name one in destination.port")
    if port is not None and port not in ports:
        raise Invalid(f"Service {where}/{name} has no port {port}, it has {ports}")
    return Backend(where, name, port if port is not None else ports[0])


def addresses(
    backend: Backend, service: Manifest, endpoints: Manifest | None
) -> list[tuple[str, int]]:
    """The ready addresses behind a port of a Service, in a stable order."""
    names = {p["port"]: p.get("name", "") for p in service["spec"].get("ports") or ()}
    name = names.get(backend.port, "")
    found = set()
    for subset in (endpoints or {}).get("subsets") or ():
        for port in subset.get("ports") or ():
            if port.get("name", "") == name or len(names) == 1:
                found |= {(_dialled(a["ip"]), port["port"]) for a in subset.get("addresses") or ()}
    return sorted(found)


def _dialled(address: str) -> str:
    """Where an address of Endpoints is reached from here."""
    return LOOPBACK if address == THIS_MACHINE else address


def cluster(backend: Backend) -> Manifest:
    """The Envoy cluster of a backend."""
    return {
        "@type": TYPES + "envoy.config.cluster.v3.Cluster",
        "name": backend.cluster,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": file_source(backend.endpoints_file)},
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "per_connection_buffer_limit_bytes": 65536,
        # Endpoints list only what is ready: an address in them is used, whatever happened before.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        # The default of 3 retries at a time would turn a rolling update under load into errors.
        "circuit_breakers": {
            "thresholds": [
                {"max_connections": 10_000, "max_pending_requests": 10_000,
                 "max_requests": 10_000, "max_retries": 1_000}
            ]
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": TYPES + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {}},
                # Shorter than what servers keep connections for (5 s is common), so that Envoy
                # never sends on a connection that the server is just closing.
                "common_http_protocol_options": {"idle_timeout": "3s"},
            }
        },
    }  # fmt: skip


def load_assignment(backend: Backend, ready: list[tuple[str, int]]) -> Manifest:
    """The endpoints of a backend."""
    return {
        "@type": TYPES + "envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": backend.cluster,
        "endpoints": [{"lb_endpoints": list(_lb_endpoints(ready))}],
    }


def _lb_endpoints(ready: list[tuple[str, int]]) -> Iterator[Manifest]:
    for address, port in ready:
        yield {
            "endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}}
        }
