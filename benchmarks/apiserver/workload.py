"""What is asked of every server."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.apiserver.client import Job
from benchmarks.apiserver.driver import run
from benchmarks.apiserver.servers import Server

CLIENTS = 16
TEXT = 1900
"""Characters of data in an object: with its metadata, 2 KB are stored."""
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
MINE = 20
"""Objects of each client that it reads and changes in turn."""

_DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"size": {"type": "integer"}},
                            },
                            "status": {
                                "type": "object",
                                "properties": {
                                    "phase": {"type": "string"},
                                    "count": {"type": "integer"},
                                },
                            },
                        },
                    }
                },
            }
        ],
    },
}


def job(server: Server, method: str, *paths: str, **more: Any) -> Job:
    """Something that a client of a server does."""
    return Job(
        port=server.port,
        authority=server.authority,
        token=server.token,
        identity=server.identity,
        method=method,
        paths=paths,
        **more,
    )


def config_map(name: str) -> str:
    """A ConfigMap of 2 KB."""
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"text": "x" * TEXT},
    }
    return json.dumps(manifest)


def creates(server: Server, prefix: str, *, seconds: float, count: int = 0) -> list[Job]:
    """Each client creates ConfigMaps of 2 KB; `count` is what each creates at most."""
    return [
        job(
            server,
            "POST",
            CONFIG_MAPS,
            body=config_map(f"{prefix}-{client}-{{n}}"),
            seconds=seconds,
            count=count,
        )
        for client in range(CLIENTS)
    ]


def prepare(server: Server) -> None:
    """Create what `gets` and `status_patches` are about."""
    run(server, creates(server, "read", seconds=60, count=MINE))
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    run(server, [job(server, "POST", definitions, body=json.dumps(_DEFINITION), count=1)])
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"size": 3}}
    run(
        server,
        [
            job(
                server,
                "POST",
                WIDGETS,
                body=json.dumps({**widget, "metadata": {"name": f"widget-{client}-{{n}}"}}),
                count=MINE,
                seconds=60,
                patience=10,
            )
            for client in range(CLIENTS)
        ],
    )


def gets(server: Server, *, seconds: float) -> list[Job]:
    """Each client reads ConfigMaps of 2 KB."""
    return [
        job(
            server,
            "GET",
            *(f"{CONFIG_MAPS}/read-{client}-{number}" for number in range(MINE)),
            seconds=seconds,
        )
        for client in range(CLIENTS)
    ]


def status_patches(server: Server, number: int, *, seconds: float) -> list[Job]:
    """Each client changes the status of custom objects; `number` is the first value it writes."""
    return [
        job(
            server,
            "PATCH",
            *(f"{WIDGETS}/widget-{client}-{number}/status" for number in range(MINE)),
            body='{"status":{"phase":"Ready","count":{n}}}',
            content_type="application/merge-patch+json",
            number=number,
            seconds=seconds,
        )
        for client in range(CLIENTS)
    ]
