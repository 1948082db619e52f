"""Hints and logs as a reader of the stream gets them."""

from __future__ import annotations

import asyncio
from typing import Any

from idp.apps.hub.live.events import event
from idp.apps.hub.live.feed import QUEUE, Feed, _Person, _tell, hint
from idp.apps.hub.live.logs import LONGEST_LINE, text_of
from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.access import Principal
from support.hub import Hub


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


async def test_pages_of_one_person_share_their_watches(hub: Hub, upstream: Any) -> None:
    feed = Feed(hub.instances)
    maya = Principal("maya", ("idp:developers",))
    async with feed.subscribe(maya):
        alone = feed.watched
        async with feed.subscribe(maya):
            assert feed.watched == alone
        async with feed.subscribe(Principal("uma")):
            assert feed.watched == 2 * alone
    feed.close()
    assert feed.watched == 0
