"""The CustomResourceDefinition of Argo CD's `Application`, for the fields that are acted on."""

from __future__ import annotations

from idp.kernel.definition import (
    BOOLEAN,
    OPEN,
    STRING,
    definition,
    list_of,
    object_schema,
    open_object,
)
from idp.kernel.resource import Manifest
from idp.kernel.standard import ARGO_APPLICATION

_INT64: Manifest = {"type": "integer", "format": "int64"}


def custom_resource_definitions() -> list[Manifest]:
    """The kinds of this engine."""
    return [
        definition(
            ARGO_APPLICATION,
            object_schema(required=["spec"], spec=_spec(), operation=OPEN, status=OPEN),
            # Argo CD also has the short name `app`; here that is WebApplication's.
            short_names=["argoapp"],
            columns=[
                _column("Sync Status", ".status.sync.status"),
                _column("Health Status", ".status.health.status"),
                _column("Revision", ".status.sync.revision"),
            ],
        )
    ]


def _column(name: str, path: str) -> Manifest:
    return {"name": name, "type": "string", "jsonPath": path}


def _spec() -> Manifest:
    source = open_object(
        repoURL=STRING,
        targetRevision=STRING,
        path=STRING,
        directory=open_object(recurse=BOOLEAN, include=STRING, exclude=STRING),
    )
    automated = open_object(prune=BOOLEAN, selfHeal=BOOLEAN, allowEmpty=BOOLEAN, enabled=BOOLEAN)
    backoff = open_object(duration=STRING, maxDuration=STRING, factor=_INT64)
    ignored = open_object(
        required=["kind"],
        group=STRING,
        kind=STRING,
        name=STRING,
        namespace=STRING,
        jsonPointers=list_of(STRING),
    )
    return open_object(
        required=["destination"],
        project=STRING,
        source=source,
        sources=list_of(OPEN),
        destination=open_object(server=STRING, name=STRING, namespace=STRING),
        syncPolicy=open_object(
            automated=automated,
            syncOptions=list_of(STRING),
            retry=open_object(limit=_INT64, backoff=backoff),
        ),
        ignoreDifferences=list_of(ignored),
        revisionHistoryLimit={**_INT64, "minimum": 0},
    )
