from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.http_client import HttpClient, settings_from_kubeconfig
from idp.kernel.resource import Manifest, ResourceType

WIDGET = ResourceType("example.com", "v1", "Widget", "widgets")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with ApiServer(ApiServerSettings(data=tmp_path / "data")) as server:
        yield server


@pytest.fixture
def client(server: ApiServer) -> LocalClient:
    return server.client("admin", ["system:masters"])


@pytest.fixture
def kubeconfig(server: ApiServer, tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    server.kubeconfig(path=path)
    return path


@pytest.fixture
async def http(kubeconfig: Path) -> AsyncIterator[HttpClient]:
    async with HttpClient(settings_from_kubeconfig(kubeconfig)) as client:
        yield client


@pytest.fixture
def widget_type() -> ResourceType:
    return WIDGET


@pytest.fixture
def widget_definition() -> Callable[..., Manifest]:
    """Makes a CRD of widgets; keyword arguments replace parts of the version."""

    def make(spec: Manifest | None = None, **version: object) -> Manifest:
        schema = spec or {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "port": {"x-kubernetes-int-or-string": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "parts": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}, "count": {"type": "integer"}},
                    },
                },
            },
        }
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"kind": "Widget", "plural": "widgets", "shortNames": ["wd"]},
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
                                    "spec": schema,
                                    "status": {
                                        "type": "object",
                                        "x-kubernetes-preserve-unknown-fields": True,
                                    },
                                },
                            }
                        },
                        **version,
                    }
                ],
            },
        }

    return make
