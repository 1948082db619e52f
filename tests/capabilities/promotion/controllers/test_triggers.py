"""Events of triggers, from the occasion to the promotion, killed and called again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from idp.capabilities.promotion.clients.memory import MemoryReviewer
from idp.capabilities.promotion.controllers.trigger_events import TriggerEventFollower
from idp.capabilities.promotion.controllers.triggers import KEPT, TriggerWatcher
from idp.capabilities.promotion.kinds import (
    Promotion,
    PromotionTrigger,
    Release,
    TriggerEvent,
)
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Request
from idp.kernel.resource import Manifest


async def trigger(bench: Any, **spec: Any) -> None:
    body = {
        "metadata": {"name": "t", "namespace": "demo"},
        "spec": {"application": "hello", "by": "maya", **spec},
    }
    await bench.client.create(PromotionTrigger.type(), body)


async def event(bench: Any, reference: str = "refs/tags/v1", **spec: Any) -> None:
    body = {
        "metadata": {"name": "t-1", "namespace": "demo"},
        "spec": {
            "trigger": "t",
            "application": "hello",
            "by": "ada",
            "reference": reference,
            "commit": f"{1:040x}",
            **spec,
        },
    }
    await bench.client.create(TriggerEvent.type(), body)


async def follow(bench: Any, *users: str) -> Manifest:
    follower = TriggerEventFollower(bench.client, MemoryReviewer(users or ("ada", "maya")))
    await follower(Request("demo", "t-1"))
    found: Manifest = await bench.client.get(TriggerEvent.type(), "t-1", "demo")
    return dict(found["status"])


async def promotions(bench: Any) -> list[Manifest]:
    return list((await bench.client.list(Promotion.type())).items)


async def test_a_tag_waits_for_verification_then_starts_once_in_the_pushers_name(
    bench: Any,
) -> None:
    await bench.rules(previous="staging")
    await trigger(bench, tag="v*")
    await event(bench)
    assert (await follow(bench))["phase"] == "Waiting"
    await bench.release(1)
    assert (await follow(bench))["message"] == "waits for staging to verify r1-0000000"
    verified = {"status": {"verifiedIn": ["staging"]}}
    await bench.client.patch(Release.type(), "r1", verified, "demo")
    assert (await follow(bench))["promotion"] == "t-1"
    await follow(bench)
    (started,) = await promotions(bench)
    assert started["spec"] == {
        "application": "hello",
        "action": "promote",
        "release": "r1",
        "initiator": "ada",
    }
    assert started["metadata"]["labels"]["platform.idp/trigger"] == "t"


async def test_killed_after_the_promotion_it_is_found_again(bench: Any) -> None:
    await bench.rules()
    await trigger(bench, tag="v*")
    await event(bench)
    await bench.release(1)
    await bench.promotion("t-1", initiator="ada")
    assert (await follow(bench))["phase"] == "Started"
    assert len(await promotions(bench)) == 1


async def test_who_may_not_promote_any_more_starts_nothing(bench: Any) -> None:
    await bench.rules()
    await trigger(bench, tag="v*")
    await event(bench)
    await bench.release(1)
    status = await follow(bench, "somebody-else")
    assert status["phase"] == "Ended"
    assert status["message"] == "ada may not promote in namespace demo"
    assert await promotions(bench) == []


async def test_an_event_that_its_trigger_does_not_know_is_none(bench: Any) -> None:
    await bench.rules()
    await bench.release(1)
    await event(bench)
    assert (await follow(bench))["message"] == "trigger t is gone"
    await bench.client.delete(TriggerEvent.type(), "t-1", "demo")
    await trigger(bench, branch="develop")
    await event(bench)
    assert (await follow(bench))["message"] == "this is no occasion of trigger t"
    await bench.client.delete(TriggerEvent.type(), "t-1", "demo")
    await event(bench, "", commit="")  # in another's name than the trigger's
    assert (await follow(bench))["phase"] == "Ended"
    assert await promotions(bench) == []


def watcher(bench: Any, now: datetime) -> TriggerWatcher:
    return TriggerWatcher(bench.client, lambda: now)


async def events(bench: Any) -> list[Manifest]:
    return [dict(m["spec"]) for m in (await bench.client.list(TriggerEvent.type())).items]


async def test_a_moment_of_a_schedule_is_noticed_once(bench: Any) -> None:
    await trigger(bench, schedule={"cron": "0 6 * * *", "zone": "UTC"})
    now = datetime.now(UTC)
    due = now.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=1)
    early = await watcher(bench, due - timedelta(minutes=1))(Request("demo", "t"))
    assert await events(bench) == []
    assert early.requeue_after is not None
    assert early.requeue_after <= 60.2
    for minutes in (0, 30):
        await watcher(bench, due + timedelta(minutes=minutes))(Request("demo", "t"))
    (noticed,) = await events(bench)
    assert (noticed["by"], noticed.get("commit", "")) == ("maya", "")


async def test_a_moment_long_missed_is_left_out(bench: Any) -> None:
    await trigger(bench, schedule={"cron": "0 6 * * *", "zone": "UTC"})
    now = datetime.now(UTC)
    due = now.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=1)
    await watcher(bench, due + timedelta(hours=2))(Request("demo", "t"))
    assert await events(bench) == []


async def test_a_schedule_that_names_no_moment_says_so(bench: Any) -> None:
    await trigger(bench, schedule={"cron": "0 0 31 2 *", "zone": "UTC"})
    await watcher(bench, datetime.now(UTC))(Request("demo", "t"))
    found = await bench.client.get(PromotionTrigger.type(), "t", "demo")
    ready = condition_of(found, "Ready")
    assert ready is not None
    assert (ready["status"], ready["reason"]) == ("False", "InvalidSchedule")


async def test_the_newest_verified_release_is_an_occasion(bench: Any) -> None:
    await bench.rules(previous="staging")
    await trigger(bench, verified=True)
    for count in (1, 2, 3):
        await bench.release(count)
    for name in ("r1", "r2"):
        status = {"status": {"verifiedIn": ["staging"]}}
        await bench.client.patch(Release.type(), name, status, "demo")
    for _ in range(2):
        await watcher(bench, datetime.now(UTC))(Request("demo", "t"))
    (noticed,) = await events(bench)
    assert noticed["commit"] == f"{2:040x}"


async def test_old_events_go_and_waiting_ones_stay(bench: Any) -> None:
    await trigger(bench, tag="v*")
    for number in range(KEPT + 3):
        body = {
            "metadata": {"name": f"e{number}", "namespace": "demo"},
            "spec": {"trigger": "t", "application": "hello", "by": "ada"},
            "status": {"phase": "Ended" if number else "Waiting"},
        }
        await bench.client.create(TriggerEvent.type(), body)
    await watcher(bench, datetime.now(UTC))(Request("demo", "t"))
    assert len(await events(bench)) == KEPT + 3
    await watcher(bench, datetime.now(UTC) + timedelta(days=2))(Request("demo", "t"))
    assert len(await events(bench)) == KEPT + 1
