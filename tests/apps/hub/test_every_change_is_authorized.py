"""No way to change something passes by the authorization: taken from the routes and kinds.

Every mutating route of the hub is classified here by who answers whether it may be; a new one fails
until it is. Then each is knocked at by a user without groups, a viewer and a developer, while every
instance answers no.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from idp.apps import cli
from idp.apps.hub.application import hub_application
from idp.apps.hub.users import open_users
from idp.apps.platform.layout import ENVIRONMENTS, Layout
from idp.apps.platform.settings import settings_from_port
from support.hub import PASSWORD, write_kubeconfig

By = Literal[
    "instance", "administrator", "own session", "repository", "signature", "token", "nothing kept"
]
"""`instance`: the API server of an instance, asked in the user's name. `repository`: its access
review. `signature`: of the delivery, then the access review of whom it acts as. `token`: the
identity token in the request. `nothing kept`: it answers a question, or vouches for the time."""

MUTATING = ("POST", "PUT", "PATCH", "DELETE")
ROUTES: dict[tuple[str, str], By] = {
    **{(method, "/instances/{environment}/{path:path}"): "instance" for method in MUTATING},
    ("POST", "/api/v1/approvals"): "instance",
    ("POST", "/api/v1/promotions"): "instance",
    ("POST", "/api/v1/rollbacks"): "instance",
    ("PUT", "/api/v1/users/{name}"): "administrator",
    ("PUT", "/api/v1/webhooks/{name}"): "administrator",
    ("DELETE", "/api/v1/webhooks/{name}"): "administrator",
    ("PATCH", "/api/v1/users/{name}"): "administrator",
    ("POST", "/api/v1/reviews/{environment}/{namespace}/{name}/closing"): "instance",
    ("POST", "/api/v1/freezes"): "instance",
    ("DELETE", "/api/v1/freezes/{environment}/{name}"): "instance",
    ("POST", "/api/v1/gitops/{environment}/{namespace}/{name}/sync"): "instance",
    ("POST", "/api/v1/exceptions"): "instance",
    ("POST", "/api/v1/exceptions/{environment}/{namespace}/{name}/approval"): "instance",
    ("DELETE", "/api/v1/exceptions/{environment}/{namespace}/{name}"): "instance",
    ("POST", "/api/v1/creations"): "repository",
    ("POST", "/api/v1/creations/preview"): "nothing kept",
    ("POST", "/api/v1/session"): "own session",
    ("DELETE", "/api/v1/sessions/{id}"): "own session",
    ("POST", "/api/v1/tokens"): "own session",
    ("POST", "/signing/token"): "own session",
    ("POST", "/signing/api/v2/signingCert"): "token",
    ("POST", "/signing/timestamp"): "nothing kept",
    ("DELETE", "/api/v1/session"): "own session",
    ("POST", "/api/v1/sessions"): "own session",
    ("DELETE", "/api/v1/sessions"): "own session",
    ("POST", "/git/{namespace}/{name}/git-receive-pack"): "repository",
    ("POST", "/git/{namespace}/{name}/git-upload-pack"): "repository",
    ("POST", "/webhooks/{provider}/{name}"): "signature",
}
"""The registry's routes are `repository` all."""

PEOPLE: dict[str, tuple[str, ...]] = {
    "nobody": (),
    "vic": ("idp:viewers",),
    "dev": ("idp:developers",),
}
D = f"sha256:{'a' * 64}"
BODIES: dict[str, Any] = {
    "/api/v1/approvals": {
        "environment": "production",
        "namespace": "demo",
        "promotion": "p",
        "releaseDigest": D,
        "policyVersion": D,
        "decision": "approve",
    },
    "/api/v1/promotions": {
        "environment": "production",
        "namespace": "demo",
        "application": "hello",
        "release": "r",
    },
    "/api/v1/reviews/{environment}/{namespace}/{name}/closing": {"conclusion": "It was right."},
    "/api/v1/freezes": {
        "environment": "production",
        "name": "audit",
        "reason": "year-end audit",
        "until": "2099-01-04T00:00:00Z",
    },
    "/api/v1/exceptions": {
        "environment": "production",
        "namespace": "demo",
        "application": "hello",
        "finding": "CVE-2026-1234",
        "reason": "There is no fixed version yet.",
        "days": 30,
    },
    "/api/v1/creations": {
        "template": "python-web",
        "namespace": "demo",
        "values": {"name": "shop", "title": "The shop", "greeting": "Welcome"},
    },
    "/api/v1/rollbacks": {
        "environment": "production",
        "namespace": "demo",
        "application": "hello",
        "reason": "too slow",
    },
}
FILLED = {
    "environment": "production",
    "path": "apis/platform.idp/v1alpha1/namespaces/demo/promotions",
    "provider": "github",
    "name": "hello",
    "namespace": "demo",
    "repository": "demo/hello",
    "reference": "latest",
    "digest": D,
    "upload": "0" * 32,
}


def doors(routes: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Mount):
            inner: Any = route.app
            while not isinstance(inner, Starlette):
                inner = inner._application
            if isinstance(inner, FastAPI):
                for path, operations in inner.openapi()["paths"].items():
                    for method in operations:
                        yield method.upper(), prefix + route.path + path
            else:
                yield from doors(inner.routes, prefix + route.path)
        else:
            for method in sorted(route.methods):
                yield method, prefix + route.path


def filled(path: str) -> str:
    for name, value in FILLED.items():
        for form in (f"{{{name}}}", f"{{{name}:path}}"):
            path = path.replace(form, value)
    return path


def classified(method: str, path: str) -> By | None:
    return "repository" if path.startswith("/v2/") else ROUTES.get((method, path))


class Refusing:
    """The API of every instance: says no to everybody, and remembers who was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers.get("Impersonate-User", ""))
        if request.path.endswith("selfsubjectaccessreviews"):
            return web.json_response({"status": {"allowed": False}}, status=201)
        body = {"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403}
        return web.json_response(body, status=403)


@pytest.fixture
async def refusing() -> AsyncIterator[tuple[Refusing, str]]:
    refusing, application = Refusing(), web.Application()
    application.router.add_route("*", "/{path:.*}", refusing.answer)
    async with TestServer(application) as server:
        yield refusing, f"http://127.0.0.1:{server.port}"


async def test_every_mutating_route_refuses_whom_the_authorization_refuses(
    tmp_path: Path, refusing: tuple[Refusing, str]
) -> None:
    layout, (instance, url) = Layout(tmp_path), refusing
    users = open_users(layout)
    for name, groups in PEOPLE.items():
        users.set_password(name, PASSWORD, groups)
    for environment in ENVIRONMENTS:
        write_kubeconfig(layout.instance(environment).hub_kubeconfig, url)
    application = hub_application(layout, settings_from_port(9600))
    found = [door for door in doors(application.routes) if door[0] in MUTATING]
    unclassified = [door for door in found if classified(*door) is None]
    assert unclassified == [], "say in ROUTES who answers whether these may be"
    assert set(ROUTES) <= set(found), "these routes are gone: take them out of ROUTES"
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        for method, path in found:
            by = classified(method, path)
            if by in ("own session", "nothing kept"):
                continue
            if by == "token":
                answer = await client.request(method, filled(path), json={})
                assert 400 <= answer.status_code < 500, (method, path, answer.text)
                continue
            for name in PEOPLE:
                instance.asked.clear()
                answer = await client.request(
                    method,
                    filled(path),
                    json=BODIES.get(path, {}),
                    auth=(name, PASSWORD),
                )
                assert answer.status_code in (401, 403), (method, path, name, answer.text)
                if by in ("administrator", "signature"):
                    assert instance.asked == [], (method, path)
                else:  # asked in the name of the user and of nobody else; what was just asked
                    assert set(instance.asked) <= {name}, (method, path)
                if by == "instance":
                    assert instance.asked == [name], (method, path)


ON_THE_DATA_FOLDER = {
    "idp.apps.cli.start": "up: makes the users of a new platform",
    "idp.apps.cli.commands.users": "users set-password: for who lost it",
    "idp.apps.cli.connection": "keeps the sessions of who signed in",
}
"""Modules of commands that open what a session would guard; whoever may write the data folder may
do that anyway. Everything else asks the hub or an instance as a person."""
_STORES = re.compile(r"open_database\(|open_users\(|system:masters|create_engine\(|PushLog\(")


def test_no_other_command_opens_what_a_session_guards() -> None:
    folder = Path(cli.__path__[0])
    opens = {
        "idp.apps.cli." + ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if _STORES.search(path.read_text())
    }
    assert opens <= set(ON_THE_DATA_FOLDER), "say why these may, or ask as a person"
