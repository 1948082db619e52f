"""Events are counted, shortened, redacted, and forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from idp.embedded.workloads.events import MESSAGE_LIMIT, EventRecorder
from idp.kernel.errors import Unavailable
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import EVENT

POD: Manifest = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "demo", "uid": "u"},
}
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


async def test_the_same_again_is_counted(client: MemoryClient) -> None:
    for second in range(3):
        moment = NOW + timedelta(seconds=second)
        await EventRecorder(client, lambda moment=moment: moment).record(  # type: ignore[misc]
            POD, "Warning", "BackOff", "again"
        )
    await EventRecorder(client).record(POD, "Normal", "Started", "once")
    events = (await client.list(EVENT, "demo")).items
    assert sorted((e["reason"], e["count"]) for e in events) == [("BackOff", 3), ("Started", 1)]
    [event] = [e for e in events if e["reason"] == "BackOff"]
    assert event["involvedObject"]["uid"] == "u"
    assert event["firstTimestamp"] == "2026-11-24T12:00:00Z"
    assert event["lastTimestamp"] == "2026-11-24T12:00:02Z"


async def test_messages_are_short_and_hold_no_secrets(client: MemoryClient) -> None:
    message = "GET http://user:s3same@host/ " + "x" * 5000
    await EventRecorder(client).record(POD, "Warning", "Failed", message)
    [event] = (await client.list(EVENT, "demo")).items
    assert len(event["message"]) == MESSAGE_LIMIT
    assert "s3same" not in event["message"]


async def test_old_events_go_and_those_of_others_stay(client: MemoryClient) -> None:
    await EventRecorder(client, lambda: NOW - timedelta(hours=2)).record(POD, "Normal", "A", "old")
    await EventRecorder(client, lambda: NOW).record(POD, "Normal", "B", "new")
    foreign: Manifest = {
        "metadata": {"name": "x", "namespace": "demo"},
        "source": {"component": "somebody"},
        "reason": "C",
        "lastTimestamp": "2020-01-01T00:00:00Z",
    }
    await client.create(EVENT, foreign)
    await EventRecorder(client, lambda: NOW).remove_old()
    assert {e["reason"] for e in (await client.list(EVENT, "demo")).items} == {"B", "C"}


class BrokenClient(MemoryClient):
    async def create(self, type: ResourceType, manifest: Manifest) -> Manifest:
        raise Unavailable("no API")


async def test_work_does_not_wait_for_news() -> None:
    await EventRecorder(BrokenClient()).record(POD, "Normal", "A", "lost")
