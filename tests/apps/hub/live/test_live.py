"""Hints and logs as a reader of the stream gets them."""

from __future__ import annotations

import asyncio

from idp.apps.hub.live.events import event
from idp.apps.hub.live.feed import KINDS, QUEUE, Feed, _Person, _tell, hint
from idp.apps.hub.live.logs import LONGEST_LINE, text_of
from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.access import Principal
from idp.kernel.errors import Unavailable
from idp.kernel.resource import ResourceType
from support.hub import Hub, Upstream


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    written = event("line", {"text": "a\nevent: evil\n\ndata: b"})
    assert written.count(b"\n") == 3
    assert written.endswith(b"\n\n")


def test_a_log_line_steers_nothing() -> None:
    assert text_of(b"\x1b[31mred\x00\ttab\r") == "\ufffd[31mred\ufffd\ttab"
    assert text_of(b"\xff<script>") == "\ufffd<script>"
    assert len(text_of(b"x" * 10**6)) == LONGEST_LINE


def test_a_hint_says_what_changed_and_not_how() -> None:
    manifest = {"metadata": {"namespace": "demo", "name": "r1"}, "spec": {"reason": "secret"}}
    assert hint("uat", Promotion.type(), manifest) == {
        "type": "changed",
        "environment": "uat",
        "kind": "Promotion",
        "namespace": "demo",
        "name": "r1",
    }


def test_who_reads_too_slowly_is_told_to_ask_for_everything() -> None:
    queue: asyncio.Queue[dict[str, str]] = asyncio.Queue(QUEUE)
    person = _Person(queues={queue})
    for n in range(QUEUE + 1):
        _tell(person, {"type": "changed", "name": str(n)})
    assert queue.get_nowait() == {"type": "resync"}
    assert queue.qsize() == 1


async def test_everybody_shares_one_watch_per_instance_and_kind(hub: Hub) -> None:
    feed = Feed(hub.instances)
    maya = Principal("maya", ("idp:developers",))
    async with feed.subscribe(maya):
        alone = feed.watched
        assert alone == len(hub.instances.environments) * len(KINDS)
        async with feed.subscribe(maya), feed.subscribe(Principal("uma")):
            assert feed.watched == alone
    feed.close()
    assert feed.watched == 0


async def test_a_person_hears_of_what_this_person_may_watch_and_nothing_else(hub: Hub) -> None:
    asked: list[tuple[str, str, str]] = []

    async def review(
        principal: Principal, environment: str, type_: ResourceType, namespace: str
    ) -> bool:
        asked.append((principal.name, environment, namespace))
        if environment == "staging":
            raise Unavailable("no answer")
        return (principal.name, namespace) != ("eve", "secret")

    feed = Feed(hub.instances, review)
    type_ = Promotion.type()
    async with feed.subscribe(Principal("eve")) as eve, feed.subscribe(Principal("maya")) as maya:
        for environment, namespace, name in (
            ("uat", "secret", "hidden"),
            ("staging", "demo", "undecided"),
            ("uat", "secret", "hidden-too"),
            ("uat", "demo", "seen"),
        ):
            manifest = {"metadata": {"namespace": namespace, "name": name}}
            feed._hand(type_, hint(environment, type_, manifest))
        assert (await eve.get())["name"] == "seen"
        assert [(await maya.get())["name"] for _ in range(3)] == ["hidden", "hidden-too", "seen"]
        assert eve.empty()
    assert asked.count(("eve", "uat", "secret")) == 1, "the answer is kept for a while"
    feed.close()


async def test_the_shared_watch_runs_as_a_viewer(hub: Hub, upstream: Upstream) -> None:
    feed = Feed(hub.instances)
    async with feed.subscribe(Principal("admin", ("idp:administrators",))):
        async with asyncio.timeout(10):
            await upstream.watched.wait()
    feed.close()
    groups = {tuple(r.headers.getall("Impersonate-Group")) for r in upstream.requests}
    assert groups == {("idp:viewers", "system:authenticated")}
