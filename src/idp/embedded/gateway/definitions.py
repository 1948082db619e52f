"""The CustomResourceDefinition of Istio's `VirtualService`, for the fields that are acted on."""

from __future__ import annotations

from typing import Any

from idp.kernel.resource import Manifest
from idp.kernel.standard import VIRTUAL_SERVICE

_OPEN: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_STRING = {"type": "string"}
_INTEGER = {"type": "integer"}


def _object(**properties: Any) -> Manifest:
    return {**_OPEN, "properties": properties}


def _list(items: Manifest) -> Manifest:
    return {"type": "array", "items": items}


def _spec() -> Manifest:
    destination = {
        **_object(host=_STRING, subset=_STRING, port=_object(number=_INTEGER)),
        "required": ["host"],
    }
    route = {
        **_object(
            destination=destination,
            weight={**_INTEGER, "format": "int32", "minimum": 0},
            headers=_OPEN,
        ),
        "required": ["destination"],
    }
    http = _object(
        name=_STRING,
        match=_list(_object(uri=_OPEN, method=_OPEN, authority=_OPEN, headers=_OPEN)),
        route=_list(route),
        redirect=_OPEN,
        directResponse=_OPEN,
        rewrite=_object(uri=_STRING, authority=_STRING),
        timeout=_STRING,
        retries=_object(attempts=_INTEGER, perTryTimeout=_STRING, retryOn=_STRING),
        headers=_OPEN,
    )
    return _object(hosts=_list(_STRING), gateways=_list(_STRING), http=_list(http))


def _version(name: str, *, storage: bool = False) -> Manifest:
    return {
        "name": name,
        "served": True,
        "storage": storage,
        "subresources": {"status": {}},
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "properties": {
                    "apiVersion": _STRING,
                    "kind": _STRING,
                    "metadata": {"type": "object"},
                    "spec": _spec(),
                    "status": _OPEN,
                },
            }
        },
        "additionalPrinterColumns": [
            {"name": "Gateways", "type": "string", "jsonPath": ".spec.gateways"},
            {"name": "Hosts", "type": "string", "jsonPath": ".spec.hosts"},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ],
    }


def custom_resource_definitions() -> list[Manifest]:
    """The kinds of this engine."""
    type = VIRTUAL_SERVICE
    return [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{type.plural}.{type.group}"},
            "spec": {
                "group": type.group,
                "scope": "Namespaced",
                "names": {
                    "kind": type.kind,
                    "listKind": f"{type.kind}List",
                    "plural": type.plural,
                    "singular": type.kind.lower(),
                    "shortNames": ["vs"],
                    "categories": ["istio-io", "networking-istio-io"],
                },
                # Istio's older manifests say v1beta1; the fields are the same.
                "versions": [_version(type.version, storage=True), _version("v1beta1")],
            },
        }
    ]
