"""Every mutating request on every kind passes RBAC: made from discovery, so none is missed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from idp.capabilities.applications.kinds import WebApplication
from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer
from idp.kernel.errors import Forbidden, IdpError
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.schema import custom_resource_definition
from idp.kernel.standard import CUSTOM_RESOURCE_DEFINITION

_METHODS = {
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}
_OPEN_TO_ALL = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")
"""Everybody may ask what they themselves may do, and who they are; nothing is stored."""


def doors(base: str, resources: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for resource in resources:
        plural, _, subresource = resource["name"].partition("/")
        if plural in _OPEN_TO_ALL:
            continue
        scope = f"{base}/namespaces/default" if resource["namespaced"] else base
        for verb in sorted(set(resource["verbs"]) & set(_METHODS)):
            path = f"{scope}/{plural}"
            if subresource:
                path += f"/some/{subresource}"
            elif verb not in ("create", "deletecollection"):
                path += "/some"
            yield _METHODS[verb], path


async def all_doors(client: HttpClient) -> list[tuple[str, str]]:
    found = list(doors("/api/v1", (await client.request_object("GET", "/api/v1"))["resources"]))
    for group in (await client.request_object("GET", "/apis"))["groups"]:
        for version in group["versions"]:
            base = f"/apis/{version['groupVersion']}"
            listed = await client.request_object("GET", base)
            found += doors(base, listed["resources"])
    return found


async def test_who_has_no_rights_changes_nothing(
    server: ApiServer, client: LocalClient, tmp_path: Path
) -> None:
    crd = custom_resource_definition(WebApplication)
    await client.apply(CUSTOM_RESOURCE_DEFINITION, crd, field_manager="test")
    server.kubeconfig("nobody-special", ["some-group"], path=tmp_path / "kubeconfig")
    let_in = []
    async with HttpClient(settings_from_kubeconfig(tmp_path / "kubeconfig")) as stranger:
        found = await all_doors(stranger)
        for method, path in found:
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            try:
                await stranger.request(method, path, body=b"{}", content_type=kind)
                let_in.append((method, path, "done"))
            except Forbidden:
                continue
            except IdpError as error:
                let_in.append((method, path, f"{error.status} {error}"))
    assert len(found) > 150
    assert let_in == []
