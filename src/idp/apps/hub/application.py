"""Puts the hub together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from idp.apps.hub.access import HubAccess, own_tags
from idp.apps.hub.api import api
from idp.apps.hub.authentication import Authentication
from idp.apps.hub.body_limit import BodyLimit
from idp.apps.hub.changes import Changes
from idp.apps.hub.creation.create import Creations
from idp.apps.hub.instances import Instances
from idp.apps.hub.live.feed import Feed
from idp.apps.hub.proxy import InstanceProxy
from idp.apps.hub.pushes import Push, PushPipelines, announcement
from idp.apps.hub.review import RepositoryReview
from idp.apps.hub.signing_authorities import open_authorities
from idp.apps.hub.signing_services import signing_services
from idp.apps.hub.triggers import Occasions, TriggerDelivery
from idp.apps.hub.users import Users, open_users
from idp.apps.hub.web.headers import SecurityHeaders
from idp.apps.hub.web.oidc import CALLBACK, OidcSignIn
from idp.apps.hub.web.portal import BUILT, Portal
from idp.apps.hub.webhooks.fetching import Fetching
from idp.apps.hub.webhooks.routes import LARGEST_DELIVERY, Webhooks
from idp.apps.hub.webhooks.sources import Source, Sources
from idp.apps.platform.layout import Layout
from idp.apps.platform.oidc import oidc_issuer
from idp.apps.platform.settings import PlatformSettings
from idp.embedded.git.events import PushEvent
from idp.embedded.git.pushes import Outside
from idp.embedded.git.server import git_application
from idp.embedded.registry.application import registry_application

LARGEST_BODY = 64 * 1024
"""Bytes of a request to the hub's own API: credentials and names."""
_VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def hub_application(layout: Layout, settings: PlatformSettings) -> Starlette:
    """Build the ASGI application of the hub; close `state.changes` and `state.feed` to stop it."""
    users = open_users(layout)
    instances = Instances(layout, tuple(settings.instances))
    access = HubAccess(users, instances.environments[0], RepositoryReview(instances))
    authentication = Authentication(users, access)
    changes = Changes()
    pipelines = PushPipelines(instances, users)
    occasions = Occasions(users.database, instances.environments)

    async def on_push(event: PushEvent) -> None:
        changes.add("git", event.repository)
        push = _push(event)
        await asyncio.to_thread(occasions.take, event.id, push)
        following_triggers.wake()
        await pipelines.start(push)

    def announce(moved: Sequence[PushEvent]) -> str:
        return announcement([_push(event) for event in moved], instances.environments[0])

    git = git_application(layout.git, access, on_push=on_push, announce=announce)
    registry = registry_application(
        layout.registry,
        access,
        on_change=lambda repository: changes.add("registry", repository),
        own_tags=own_tags,
    )

    async def fetch(source: Source, actor: str) -> None:
        address = Outside(source.url, source.username, source.password)
        await git.state.server.fetch(source.repository, actor, address)

    following_triggers = TriggerDelivery(
        occasions, instances, users.names, pipelines.build, git.state.server.repositories.commit
    )
    sources = Sources(users.database)
    fetching = Fetching(sources, users.names, access, fetch)
    webhooks = Webhooks(sources, fetching)

    @contextlib.asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        # Mounted applications do not get lifespan events of their own from Starlette.
        async with contextlib.AsyncExitStack() as stack:
            for mounted in (git, registry):
                await stack.enter_async_context(mounted.router.lifespan_context(mounted))
            stack.push_async_callback(instances.close)
            if oidc is not None:
                stack.push_async_callback(oidc.close)
            async with asyncio.TaskGroup() as group:
                following = [
                    group.create_task(task) for task in (fetching.run(), following_triggers.run())
                ]
                yield
                for task in following:
                    task.cancel()

    proxy = InstanceProxy(instances, authentication)
    feed = Feed(instances)
    creations = Creations(instances, access, git.state.server.first_commits.make)
    oidc = _oidc(settings, users)
    own = api(layout, users, authentication, instances, changes, feed, creations, oidc)
    authorities = open_authorities(layout.signing_authorities, settings.hub_url)
    signing = signing_services(authorities, authentication)
    portal = Portal(BUILT, settings.hub_url)
    application = Starlette(
        routes=[
            *portal.routes(),
            Route("/healthz", _healthy),
            Route("/instances/{environment}/{path:path}", proxy.handle, methods=_VERBS),
            Mount("/webhooks", BodyLimit(_deliveries(webhooks), LARGEST_DELIVERY)),
            Mount("/api/v1", BodyLimit(own, LARGEST_BODY)),
            Mount("/signing", BodyLimit(signing, LARGEST_BODY)),
            Mount("/git", git),
            Mount("/", registry),
        ],
        lifespan=lifespan,
        middleware=[Middleware(SecurityHeaders)],
    )
    application.state.changes = changes
    application.state.feed = feed
    return application


def _oidc(settings: PlatformSettings, users: Users) -> OidcSignIn | None:
    """Signing in at the issuer that the instances trust, if there is one."""
    issuer = oidc_issuer(settings.oidc)
    if settings.oidc is None or issuer is None:
        return None
    secret = settings.oidc.client_secret_file
    redirect = f"{settings.hub_url}{CALLBACK}"
    return OidcSignIn(issuer, users, redirect, secret=Path(secret) if secret else None)


def _deliveries(webhooks: Webhooks) -> Starlette:
    return Starlette(routes=[Route("/{provider}/{name}", webhooks.handle, methods=["POST"])])


def _push(event: PushEvent) -> Push:
    return Push(event.repository, event.ref, event.after, event.pusher)


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok")
