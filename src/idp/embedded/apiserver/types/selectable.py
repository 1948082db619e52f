"""Which fields of built-in kinds field selectors may name, besides name and namespace."""

from __future__ import annotations

from idp.embedded.apiserver.types.served import ServedType
from idp.kernel.errors import InvalidInput
from idp.kernel.selectors import parse_field_selector

_ALWAYS = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS = {
    "/pods": (
        "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName"
        " spec.hostNetwork status.phase status.podIP status.nominatedNodeName"
    ),
    "/events": (
        "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid"
        " involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath"
        " reason reportingComponent source type regarding.kind regarding.namespace"
        " regarding.name regarding.uid"
    ),
    "/secrets": "type",
    "/namespaces": "status.phase",
    "/services": "spec.clusterIP spec.type",
    "batch/jobs": "status.successful",
    "certificates.k8s.io/certificatesigningrequests": "spec.signerName",
}
_BY_RESOURCE = {name: frozenset(fields.split()) for name, fields in _FIELDS.items()}


def check_field_selector(served: ServedType, selector: str | None) -> None:
    """Refuse fields that cannot be selected by.

    Raises:
        InvalidInput: The selector names one, or is not in the grammar.
    """
    if not selector:
        return
    allowed = _ALWAYS | (served.selectable or _BY_RESOURCE.get(served.resource, frozenset()))
    for path, _, _ in parse_field_selector(selector):
        if path not in allowed:
            if served.builtin and served.resource not in _BY_RESOURCE:
                raise InvalidInput(
                    f'"{path}" is not a known field selector: only "metadata.name", '
                    '"metadata.namespace"'
                )
            raise InvalidInput(f"field label not supported: {path}")
