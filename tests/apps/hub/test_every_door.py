"""Every route of the hub refuses whom it must: taken from the routes, so that none is missed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from idp.apps.hub.application import hub_application
from idp.apps.hub.web.portal import PAGES as PORTAL_PAGES
from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import settings_from_port

PAGES = {f"/{page}{rest}" for page in ("", *PORTAL_PAGES) for rest in ("", "/{rest:path}")}
OPEN = {
    ("GET", "/healthz"),
    ("POST", "/api/v1/sessions"),
    ("POST", "/api/v1/session"),
    ("GET", "/api/v1/session"),
    ("GET", "/api/v1/session/methods"),
    ("GET", "/api/v1/session/oidc"),
    ("GET", "/api/v1/session/oidc/callback"),
    *(("GET", page) for page in (*PAGES, "/assets/{name}", "/favicon.svg")),
}
"""What anybody may ask: the portal's own files, which hold no data, health, signing in (which
asks for a password), and whether somebody is signed in."""

_FILLED = {
    "environment": "development",
    "path": "api/v1/namespaces",
    "name": "maya",
    "namespace": "demo",
    "repository": "demo/hello",
    "reference": "latest",
    "digest": "sha256:" + "0" * 64,
    "upload": "0" * 32,
}


def api_paths(mount: Mount) -> dict[str, Any]:
    """What the hub's own API says that it has."""
    application = mount.app
    while not isinstance(application, FastAPI):
        application = application._application  # type: ignore[attr-defined]
    paths: dict[str, Any] = application.openapi()["paths"]
    return paths


def doors(routes: list[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Mount) and route.path == "/api/v1":
            for path, operations in api_paths(route).items():
                for method in operations:
                    yield method.upper(), prefix + route.path + path
        elif isinstance(route, Mount):
            yield from doors(list(route.routes), prefix + route.path)
        else:
            for method in sorted(route.methods):
                yield method, prefix + route.path


def filled(path: str) -> str:
    for name, value in _FILLED.items():
        for form in (f"{{{name}}}", f"{{{name}:path}}"):
            path = path.replace(form, value)
    return path


async def test_nobody_gets_in_anywhere(tmp_path: Path) -> None:
    application = hub_application(Layout(tmp_path), settings_from_port(9600))
    found = list(doors(application.routes))
    assert {path.split("/")[1] for _, path in found} >= {"instances", "api", "git", "v2"}
    let_in = []
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        for method, path in found:
            if (method, path) in OPEN or method == "HEAD":
                continue
            answer = await client.request(method, filled(path), json={})
            # 403: what nobody may do, such as Git's dumb protocol.
            if answer.status_code not in (401, 403):
                let_in.append((method, path, answer.status_code))
    assert len(found) > 30
    assert let_in == []


@pytest.mark.parametrize("credential", ["Bearer wrong", "Basic d3Jvbmc6d3Jvbmc=", "Basic %%%"])
async def test_a_wrong_credential_opens_nothing(tmp_path: Path, credential: str) -> None:
    application = hub_application(Layout(tmp_path), settings_from_port(9600))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        for path in (
            "/api/v1/me",
            "/v2/",
            "/instances/development/api",
            "/v2/demo/hello/tags/list",
        ):
            answer = await client.get(path, headers={"Authorization": credential})
            assert answer.status_code == 401, path


async def test_a_large_body_is_refused_before_anything_reads_it(tmp_path: Path) -> None:
    application = hub_application(Layout(tmp_path), settings_from_port(9600))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        answer = await client.post("/api/v1/sessions", content=b"x" * 10**6)
    assert answer.status_code == 413
