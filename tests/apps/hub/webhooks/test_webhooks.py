"""Deliveries of the shapes that the vendors publish, against a real Git server elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from idp.apps.hub.body_limit import BodyLimit
from idp.apps.hub.users import MIGRATIONS
from idp.apps.hub.webhooks.fetching import Fetching
from idp.apps.hub.webhooks.payloads import pushed, same_repository
from idp.apps.hub.webhooks.routes import LARGEST_DELIVERY, Webhooks
from idp.apps.hub.webhooks.signatures import Provider, verified
from idp.apps.hub.webhooks.sources import Source, Sources
from idp.capabilities.notifications.shapes import webhook as standard
from idp.embedded.git import GitServer, PushEvent, git_application
from idp.embedded.git.pushes import Outside
from idp.kernel.access import Action, Principal, Service
from idp.kernel.database import open_database
from idp.kernel.errors import InvalidInput, Unauthorized
from idp.protocols.git.client import GitRepository
from support.serving import served

SECRET = "sixteen letters or more"


class Access:
    """`ada` and `ci` push; others do not."""

    async def authenticate(self, username: str, password: str) -> Principal | None:
        return Principal(username)

    async def allowed(
        self, principal: Principal | None, service: Service, repository: str, action: Action
    ) -> bool:
        return principal is not None and principal.name in ("ada", "ci")


def payload(provider: Provider, url: str, login: str = "ada-l", after: str = "a" * 40) -> Any:
    before = "f42f6e7a95daed777b023010ce2723fa7f56a467"
    if provider == "github":
        return {
            "ref": "refs/heads/main",
            "before": before,
            "after": after,
            "created": False,
            "deleted": False,
            "forced": False,
            "base_ref": None,
            "commits": [],
            "head_commit": None,
            "repository": {"id": 1, "full_name": "corp/hello", "clone_url": url},
            "pusher": {"name": login, "email": "a@corp.example"},
            "sender": {"login": login, "id": 2},
        }
    if provider == "gitea":
        return {
            "ref": "refs/heads/main",
            "before": before,
            "after": after,
            "compare_url": "http://localhost:3000/corp/hello/compare/1...2",
            "commits": [],
            "repository": {"id": 140, "full_name": "corp/hello", "clone_url": url},
            "pusher": {"id": 1, "login": login, "username": login},
            "sender": {"id": 1, "login": login},
        }
    if provider == "gitlab":
        return {
            "object_kind": "push",
            "event_name": "push",
            "before": before,
            "after": after,
            "ref": "refs/heads/main",
            "checkout_sha": after,
            "user_id": 4,
            "user_name": "Ada",
            "user_username": login,
            "project_id": 15,
            "project": {"id": 15, "path_with_namespace": "corp/hello", "git_http_url": url},
            "commits": [],
            "total_commits_count": 1,
        }
    return {"ref": "refs/heads/main", "repository": url, "pusher": login}


def headers(
    provider: Provider, body: bytes, delivery: str = "d-1", secret: str = SECRET
) -> dict[str, str]:
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if provider == "github":
        return {
            "x-github-event": "push",
            "x-github-delivery": delivery,
            "x-hub-signature-256": f"sha256={made}",
        }
    if provider == "gitea":
        return {
            "x-gitea-event": "push",
            "x-gitea-delivery": delivery,
            "x-gitea-signature": made,
        }
    if provider == "gitlab":
        return {
            "x-gitlab-event": "Push Hook",
            "x-gitlab-event-uuid": delivery,
            "x-gitlab-token": secret,
        }
    return standard.headers(delivery, body, secret.encode(), int(time.time()))


PROVIDERS: tuple[Provider, ...] = ("github", "gitlab", "gitea", "plain")


class Hub:
    """The receiving side, over storage that outlives it."""

    def __init__(self, folder: Path, git: GitServer, url: str) -> None:
        self.database = open_database(f"sqlite:///{folder}/hub.db", [MIGRATIONS])
        self.git, self.url, self.dead = git, url, False
        self.start()

    def start(self) -> None:
        self.sources = Sources(self.database)
        people = {"ada": ("g",), "ci": (), "eve": ()}
        self.fetching = Fetching(self.sources, lambda: people, Access(), self._fetch)
        webhooks = Webhooks(self.sources, self.fetching)
        inner = Starlette(routes=[Route("/{provider}/{name}", webhooks.handle, methods=["POST"])])
        self.application = Starlette(
            routes=[Mount("/webhooks", BodyLimit(inner, LARGEST_DELIVERY))]
        )

    async def _fetch(self, source: Source, actor: str) -> None:
        await self.git.fetch(source.repository, actor, Outside(source.url, "ada", "x"))
        if self.dead:
            raise KeyboardInterrupt  # after the fetch, before it is marked

    def source(self, provider: Provider, **changes: Any) -> None:
        facts = {
            "provider": provider,
            "repository": "demo/hello",
            "url": self.url,
            "secret": SECRET,
            "acts_as": "ci",
            "people": {"ada-l": "ada", "eve-l": "eve"},
            **changes,
        }
        self.sources.put("hello", Source.model_validate(facts))

    async def deliver(
        self, provider: Provider, body: bytes, sent: dict[str, str], name: str = "hello"
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.post(f"/webhooks/{provider}/{name}", content=body, headers=sent)


@pytest.fixture
async def told() -> list[PushEvent]:
    return []


@pytest.fixture
async def hub(tmp_path: Path, told: list[PushEvent]) -> AsyncIterator[Hub]:
    async def on_push(event: PushEvent) -> None:
        told.append(event)

    elsewhere = git_application(tmp_path / "elsewhere", Access(), on_push=lambda _: _nothing())
    here = git_application(tmp_path / "here", Access(), on_push=on_push)
    async with served(elsewhere) as base, served(here):
        url = f"{base}/corp/hello.git"
        repository = GitRepository(url, "ada", "x", cache=tmp_path / "cache")
        await repository.change("main", {"idp.yaml": b"a"}, message="One", key="1")
        hub = Hub(tmp_path, here.state.server, url)
        yield hub
        hub.database.dispose()


async def _nothing() -> None:
    return None


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_push_elsewhere_is_fetched_and_reported_as_a_push(
    hub: Hub, provider: Provider
) -> None:
    hub.source(provider)
    body = orjson.dumps(payload(provider, hub.url))
    answer = await hub.deliver(provider, body, headers(provider, body))
    assert answer.status_code == 202, answer.text
    assert await hub.fetching.fetch_open() == 0
    (event,) = hub.git.events.after(0)
    assert (event.repository, event.ref, event.pusher) == ("demo/hello", "refs/heads/main", "ada")
    again = await hub.deliver(provider, body, headers(provider, body))
    assert again.status_code == 409


@pytest.mark.parametrize("provider", ["github", "gitlab", "gitea"])
async def test_another_delivery_id_does_not_make_a_replay_new(hub: Hub, provider: Provider) -> None:
    """These vendors do not sign the id: whoever recorded a delivery may change it."""
    hub.source(provider)
    body = orjson.dumps(payload(provider, hub.url))
    assert (await hub.deliver(provider, body, headers(provider, body))).status_code == 202
    again = await hub.deliver(provider, body, headers(provider, body, "d-2"))
    assert again.status_code == 409


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_is_not_signed_with_the_secret_is_refused(hub: Hub, provider: Provider) -> None:
    hub.source(provider)
    body = orjson.dumps(payload(provider, hub.url))
    wrong = headers(provider, body, secret="another secret of length")
    assert (await hub.deliver(provider, body, wrong)).status_code == 401
    assert (await hub.deliver(provider, body, {})).status_code == 401
    right = headers(provider, body)
    assert (await hub.deliver(provider, body, right, name="other")).status_code == 401
    if provider != "gitlab":  # whose token signs nothing
        assert (await hub.deliver(provider, body + b" ", right)).status_code == 401
    assert hub.sources.open() == []


async def test_a_webhook_answers_to_its_own_provider_only(hub: Hub) -> None:
    hub.source("github")
    body = orjson.dumps(payload("gitlab", hub.url))
    assert (await hub.deliver("gitlab", body, headers("gitlab", body))).status_code == 401
    answer = await hub.deliver("bitbucket", body, headers("github", body))  # type: ignore[arg-type]
    assert answer.status_code == 401


async def test_a_delivery_about_another_repository_is_refused(hub: Hub) -> None:
    hub.source("github")
    body = orjson.dumps(payload("github", "http://127.0.0.1:1/corp/other.git"))
    assert (await hub.deliver("github", body, headers("github", body))).status_code == 403


@pytest.mark.parametrize(("login", "status"), [("somebody", 202), ("ada-l", 202), ("eve-l", 403)])
async def test_who_may_not_push_here_cannot_by_a_webhook(hub: Hub, login: str, status: int) -> None:
    hub.source("github")
    body = orjson.dumps(payload("github", hub.url, login))
    answer = await hub.deliver("github", body, headers("github", body))
    assert answer.status_code == status
    assert len(hub.sources.open()) == (1 if status == 202 else 0)


async def test_an_unknown_login_pushes_as_the_webhook_does(hub: Hub) -> None:
    hub.source("github")
    body = orjson.dumps(payload("github", hub.url, "somebody"))
    await hub.deliver("github", body, headers("github", body))
    await hub.fetching.fetch_open()
    assert [event.pusher for event in hub.git.events.after(0)] == ["ci"]


@pytest.mark.parametrize("when", ["before the fetch", "after the fetch"])
async def test_killed_after_the_answer_it_is_fetched_once(hub: Hub, when: str) -> None:
    hub.source("github")
    body = orjson.dumps(payload("github", hub.url))
    assert (await hub.deliver("github", body, headers("github", body))).status_code == 202
    if when == "after the fetch":
        hub.dead = True
        with pytest.raises(KeyboardInterrupt):
            await hub.fetching.fetch_open()
        hub.dead = False
    hub.start()
    assert len(hub.sources.open()) == 1
    await hub.fetching.fetch_open()
    assert hub.sources.open() == []
    assert len(hub.git.events.after(0)) == 1


async def test_an_outside_server_that_is_down_is_tried_again(hub: Hub) -> None:
    hub.source("github", url="http://127.0.0.1:1/corp/hello.git")
    body = orjson.dumps(payload("github", "http://127.0.0.1:1/corp/hello"))
    assert (await hub.deliver("github", body, headers("github", body))).status_code == 202
    assert await hub.fetching.fetch_open() == 1
    hub.source("github")
    assert await hub.fetching.fetch_open() == 0


async def test_too_many_wrong_deliveries_are_told_to_wait(hub: Hub) -> None:
    hub.source("github")
    answers = [await hub.deliver("github", b"{}", {}) for _ in range(25)]
    assert answers[0].status_code == 401
    assert answers[-1].status_code == 429


async def test_a_large_delivery_is_not_read(hub: Hub) -> None:
    hub.source("github")
    answer = await hub.deliver("github", b"x" * (LARGEST_DELIVERY + 1), {})
    assert answer.status_code == 413


async def test_a_ping_is_taken_and_nothing_happens(hub: Hub) -> None:
    hub.source("github")
    body = b'{"zen": "Keep it logically awesome."}'
    answer = await hub.deliver("github", body, headers("github", body) | {"x-github-event": "ping"})
    assert answer.status_code == 200
    assert hub.sources.open() == []


async def test_it_fetches_by_itself_after_a_delivery(hub: Hub) -> None:
    hub.source("github")
    body = orjson.dumps(payload("github", hub.url))
    async with asyncio.timeout(20):
        running = asyncio.create_task(hub.fetching.run())
        await hub.deliver("github", body, headers("github", body))
        await hub.git.events.wait_after(0, timeout=20)
        running.cancel()
    assert len(hub.git.events.after(0)) == 1


@pytest.mark.parametrize("age", [-301, 301, 10**9])
def test_a_plain_delivery_of_another_time_is_refused(age: int) -> None:
    sent = standard.headers("d", b"{}", SECRET.encode(), 2_000_000_000 - age)
    with pytest.raises(Unauthorized):
        verified("plain", sent, b"{}", SECRET.encode(), 2_000_000_000)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_a_secret_nothing_is_proven(provider: Provider) -> None:
    with pytest.raises(Unauthorized):
        verified(provider, headers(provider, b"{}", secret=""), b"{}", b"", time.time())


def test_the_example_of_githubs_documentation_is_proven() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    found = verified(
        "github",
        {"x-hub-signature-256": signature},
        b"Hello, World!",
        b"It's a Secret to Everybody",
        0,
    )
    assert len(found) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b"\xff", b"payload=%7B%7D", b'{"ref": 1, "pusher": 2}']
)
def test_what_is_no_push_is_refused(provider: Provider, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        pushed(provider, headers(provider, body), body)


@pytest.mark.parametrize(
    ("url"),
    ["file:///etc", "ext::sh -c x", "--upload-pack=x", "ssh://a/b", "https://u:p@h/r", "https://"],
)
def test_only_plain_http_addresses_can_be_configured(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        Source.model_validate(
            {
                "provider": "github",
                "repository": "demo/hello",
                "url": url,
                "secret": SECRET,
                "acts_as": "ci",
            }
        )


def test_addresses_of_one_repository() -> None:
    assert same_repository("https://GitHub.com/a/b.git", "https://github.com/a/b/")
    assert not same_repository("https://github.com/a/b", "https://github.com/a/B")
    assert not same_repository("https://github.com/a/b", "http://github.com/a/b")
