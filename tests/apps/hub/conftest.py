from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from idp.apps.hub.access import HubAccess
from idp.apps.hub.api import api
from idp.apps.hub.authentication import Authentication
from idp.apps.hub.changes import Changes
from idp.apps.hub.creation.create import Creations
from idp.apps.hub.instances import Instances
from idp.apps.hub.live.feed import Feed
from idp.apps.hub.proxy import InstanceProxy
from idp.apps.hub.review import RepositoryReview
from idp.apps.hub.users import MIGRATIONS, Users
from idp.apps.platform.layout import Layout
from idp.embedded.git import GitServer, PushEvent
from idp.kernel.database import open_database
from support.hub import PASSWORD, Hub, Upstream, write_kubeconfig


async def _unheard(_event: PushEvent) -> None:
    raise AssertionError("nobody delivers events in these tests")


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    application = web.Application()

    async def answer(request: web.Request) -> web.StreamResponse:
        return await upstream.answer(request)  # looked up late, so that a test can replace it

    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application) as server:
        upstream.url = f"http://127.0.0.1:{server.port}"
        yield upstream


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


@pytest.fixture
def users(layout: Layout) -> Iterator[Users]:
    layout.hub.mkdir(parents=True)
    database = open_database(f"sqlite:///{layout.hub_database}", [MIGRATIONS])
    users = Users(database)
    users.set_password("admin", PASSWORD, ("idp:administrators",))
    users.set_password("maya", PASSWORD, ("idp:developers",))
    users.set_password("instance.production", PASSWORD, ("idp:instances",))
    yield users
    database.dispose()


@pytest.fixture
async def hub(layout: Layout, users: Users, upstream: Upstream) -> AsyncIterator[Hub]:
    write_kubeconfig(layout.instance("development").hub_kubeconfig, upstream.url)
    write_kubeconfig(layout.instance("uat").hub_kubeconfig, "http://127.0.0.1:1")
    instances = Instances(layout, ("development", "staging", "uat"))
    access = HubAccess(users, "development", RepositoryReview(instances))
    authentication, changes, feed = Authentication(users, access), Changes(), Feed(instances)
    git = GitServer(layout.git, access, on_push=_unheard)
    creations = Creations(instances, access, git.first_commits.make)
    proxy = InstanceProxy(instances, authentication)
    application = Starlette(
        routes=[
            Route(
                "/instances/{environment}/{path:path}",
                proxy.handle,
                methods=["GET", "POST", "PATCH", "DELETE"],
            ),
            Mount(
                "/api/v1",
                api(layout, users, authentication, instances, changes, feed, creations),
            ),
        ]
    )
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        yield Hub(client, users, changes, instances)
    feed.close()
    git.events.close()
    await instances.close()
