"""The CustomResourceDefinition of Istio's `VirtualService`, for the fields that are acted on."""

from __future__ import annotations

from idp.kernel.definition import (
    INTEGER,
    OPEN,
    STRING,
    definition,
    list_of,
    object_schema,
    open_object,
)
from idp.kernel.resource import Manifest
from idp.kernel.standard import VIRTUAL_SERVICE

_COLUMNS: list[Manifest] = [
    {"name": "Gateways", "type": "string", "jsonPath": ".spec.gateways"},
    {"name": "Hosts", "type": "string", "jsonPath": ".spec.hosts"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


def custom_resource_definitions() -> list[Manifest]:
    """The kinds of this engine."""
    return [
        definition(
            VIRTUAL_SERVICE,
            object_schema(spec=_spec(), status=OPEN),
            short_names=["vs"],
            categories=["istio-io", "networking-istio-io"],
            columns=_COLUMNS,
            # Istio's older manifests say v1beta1; the fields are the same.
            also_served=["v1beta1"],
        )
    ]


def _spec() -> Manifest:
    destination = open_object(
        required=["host"], host=STRING, subset=STRING, port=open_object(number=INTEGER)
    )
    route = open_object(
        required=["destination"],
        destination=destination,
        weight={**INTEGER, "format": "int32", "minimum": 0},
        headers=OPEN,
    )
    http = open_object(
        name=STRING,
        match=list_of(open_object(uri=OPEN, method=OPEN, authority=OPEN, headers=OPEN)),
        route=list_of(route),
        redirect=OPEN,
        directResponse=OPEN,
        rewrite=open_object(uri=STRING, authority=STRING),
        timeout=STRING,
        retries=open_object(attempts=INTEGER, perTryTimeout=STRING, retryOn=STRING),
        headers=OPEN,
    )
    return open_object(hosts=list_of(STRING), gateways=list_of(STRING), http=list_of(http))
