"""The CustomResourceDefinition of Argo CD's `Application`, for the fields that are acted on."""

from __future__ import annotations

from typing import Any

from idp.kernel.resource import Manifest
from idp.kernel.standard import ARGO_APPLICATION

_OPEN: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_STRING = {"type": "string"}
_BOOLEAN = {"type": "boolean"}


def _object(**properties: Any) -> Manifest:
    return {**_OPEN, "properties": properties}


def _list(items: Manifest) -> Manifest:
    return {"type": "array", "items": items}


def _spec() -> Manifest:
    source = _object(
        repoURL=_STRING,
        targetRevision=_STRING,
        path=_STRING,
        directory=_object(recurse=_BOOLEAN, include=_STRING, exclude=_STRING),
    )
    automated = _object(prune=_BOOLEAN, selfHeal=_BOOLEAN, allowEmpty=_BOOLEAN, enabled=_BOOLEAN)
    retry = _object(
        limit={"type": "integer", "format": "int64"},
        backoff=_object(
            duration=_STRING, maxDuration=_STRING, factor={"type": "integer", "format": "int64"}
        ),
    )
    ignored = _object(
        group=_STRING,
        kind=_STRING,
        name=_STRING,
        namespace=_STRING,
        jsonPointers=_list(_STRING),
    )
    return {
        **_object(
            project=_STRING,
            source=source,
            sources=_list(_OPEN),
            destination=_object(server=_STRING, name=_STRING, namespace=_STRING),
            syncPolicy=_object(automated=automated, syncOptions=_list(_STRING), retry=retry),
            ignoreDifferences=_list({**ignored, "required": ["kind"]}),
            revisionHistoryLimit={"type": "integer", "format": "int64", "minimum": 0},
        ),
        "required": ["destination"],
    }


def _column(name: str, path: str) -> Manifest:
    return {"name": name, "type": "string", "jsonPath": path}


def custom_resource_definitions() -> list[Manifest]:
    """The kinds of this engine."""
    type = ARGO_APPLICATION
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
                    # Argo CD also has the short name `app`; here that is WebApplication's.
                    "shortNames": ["argoapp"],
                },
                "versions": [
                    {
                        "name": type.version,
                        "served": True,
                        "storage": True,
                        "subresources": {"status": {}},
                        "schema": {
                            "openAPIV3Schema": {
                                "type": "object",
                                "required": ["spec"],
                                "properties": {
                                    "apiVersion": _STRING,
                                    "kind": _STRING,
                                    "metadata": {"type": "object"},
                                    "spec": _spec(),
                                    "operation": _OPEN,
                                    "status": _OPEN,
                                },
                            }
                        },
                        "additionalPrinterColumns": [
                            _column("Sync Status", ".status.sync.status"),
                            _column("Health Status", ".status.health.status"),
                            _column("Revision", ".status.sync.revision"),
                        ],
                    }
                ],
            },
        }
    ]
