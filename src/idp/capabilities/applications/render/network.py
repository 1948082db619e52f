"""How it is reached, and whom it reaches: Service, NetworkPolicy, VirtualService. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.applications.kinds import Communication, WebApplication
from idp.capabilities.applications.render.names import NAME_LABEL, PORT_NAME, labels, selector
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest
from idp.kernel.standard import NETWORK_POLICY, SERVICE, VIRTUAL_SERVICE

SERVICE_PORT = 80
GATEWAY = "istio-system/idp"
_GATEWAY_NAMESPACE = "istio-system"
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_PRIVATE_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]


def service(application: WebApplication) -> Manifest:
    """One stable name in front of the replicas."""
    return render(
        SERVICE,
        application.name,
        application.namespace,
        labels=labels(application),
        spec={
            "type": "ClusterIP",
            "selector": selector(application),
            "ports": [
                {
                    "name": PORT_NAME,
                    "port": SERVICE_PORT,
                    "targetPort": PORT_NAME,
                    "protocol": "TCP",
                    "appProtocol": "http",
                }
            ],
        },
    )


def virtual_service(application: WebApplication, hosts: Sequence[str]) -> Manifest:
    """Route the hosts to the Service.

    Only failures before the application has seen a request are tried again, so that no request
    is ever done twice.
    """
    return render(
        VIRTUAL_SERVICE,
        application.name,
        application.namespace,
        labels=labels(application),
        spec={
            "gateways": [GATEWAY],
            "hosts": list(hosts),
            "http": [
                {
                    "name": "default",
                    "route": [
                        {
                            "destination": {
                                "host": f"{application.name}.{application.namespace}"
                                ".svc.cluster.local",
                                "port": {"number": SERVICE_PORT},
                            },
                            "weight": 100,
                        }
                    ],
                    "retries": {"attempts": 2, "retryOn": "connect-failure,refused-stream"},
                }
            ],
        },
    )


def network_policy(application: WebApplication) -> Manifest:
    """Reachable from its namespace and the gateway; reaches names and what it may call."""
    return render(
        NETWORK_POLICY,
        application.name,
        application.namespace,
        labels=labels(application),
        spec={
            "podSelector": {"matchLabels": selector(application)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [
                        {"podSelector": {}},
                        {
                            "namespaceSelector": {
                                "matchLabels": {_NAMESPACE_LABEL: _GATEWAY_NAMESPACE}
                            }
                        },
                    ],
                    "ports": [{"protocol": "TCP", "port": application.spec.port}],
                }
            ],
            "egress": [_names(), *_destinations(application.spec.communication)],
        },
    )


def _names() -> Manifest:
    return {
        "to": [{"namespaceSelector": {"matchLabels": {_NAMESPACE_LABEL: "kube-system"}}}],
        "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
    }


def _destinations(communication: Communication) -> list[Manifest]:
    """A list of destinations closes everything else; without one, the outside stays open."""
    denied = sorted(set(communication.denied_destinations))
    if communication.allowed_destinations is None:
        peers: Manifest = {}
        if denied:
            peers = {
                "matchExpressions": [{"key": NAME_LABEL, "operator": "NotIn", "values": denied}]
            }
        outside = {"ipBlock": {"cidr": "0.0.0.0/0", "except": _PRIVATE_NETWORKS}}
        return [{"to": [{"podSelector": peers}]}, {"to": [outside]}]
    allowed = sorted(set(communication.allowed_destinations) - set(denied))
    if not allowed:
        return []
    only = {"matchExpressions": [{"key": NAME_LABEL, "operator": "In", "values": allowed}]}
    return [{"to": [{"podSelector": only}]}]
