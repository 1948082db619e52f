"""The promises of the controller: its own docstring, one by one, over each `Client`.

Time is not waited for where it can be avoided: the queue's timers are asked, and a controller's
progress is awaited through events that its reconciler sets.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from idp.kernel.client import Client, ObjectList, WatchEvent
from idp.kernel.controller import (
    Backoff,
    Controller,
    Request,
    Result,
    Watch,
    WorkQueue,
    owner_of,
    request_for,
)
from idp.kernel.errors import Conflict, Gone, Unavailable
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import DEPLOYMENT, NAMESPACE, SECRET

A, B = Request("demo", "a"), Request("demo", "b")


def secret(name: str, **fields: Any) -> Manifest:
    return {"metadata": {"name": name, "namespace": "demo", **fields}, "data": {}}


async def within(condition: Callable[[], bool], changed: asyncio.Condition) -> None:
    """Wait until a condition holds that the reconciler's progress makes true."""
    async with asyncio.timeout(20), changed:
        await changed.wait_for(condition)


class Recorder:
    """A reconciler that records its calls and can be told to wait or to fail."""

    def __init__(self) -> None:
        self.calls: list[Request] = []
        self.active: Counter[Request] = Counter()
        self.overlapped = False
        self.changed = asyncio.Condition()
        self.gate = asyncio.Event()
        self.gate.set()
        self.outcomes: Iterator[Result | Exception] = iter(())

    async def __call__(self, request: Request) -> Result:
        self.active[request] += 1
        self.overlapped |= self.active[request] > 1
        self.calls.append(request)
        async with self.changed:
            self.changed.notify_all()
        await self.gate.wait()
        self.active[request] -= 1
        outcome = next(self.outcomes, Result())
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def called(self, count: int, request: Request | None = None) -> None:
        def enough() -> bool:
            return sum(request in (None, call) for call in self.calls) >= count

        await within(enough, self.changed)


@asynccontextmanager
async def running(controller: Controller) -> AsyncIterator[None]:
    task = asyncio.create_task(controller.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def controller(client: Any, reconcile: Any, *watches: Watch, **settings: Any) -> Controller:
    return Controller("test", client, reconcile, watches or (Watch(SECRET),), **settings)


# The queue


async def test_a_queued_key_is_not_queued_twice() -> None:
    queue = WorkQueue()
    for request in (A, B, A):
        queue.add(request)
    assert len(queue) == 2
    assert [await queue.take(), await queue.take()] == [A, B]


async def test_a_key_that_is_worked_on_comes_back_only_after() -> None:
    queue = WorkQueue()
    queue.add(A)
    await queue.take()
    queue.add(A)
    queue.add(A)
    assert len(queue) == 0
    queue.done(A)
    assert len(queue) == 1
    await queue.take()
    queue.done(A)
    assert len(queue) == 0


async def test_the_earlier_appointment_of_a_key_wins() -> None:
    queue = WorkQueue()
    queue.add_after(A, 3600)
    queue.add_after(A, 0)
    assert await asyncio.wait_for(queue.take(), 10) == A
    queue.done(A)
    queue.add_after(B, 0)
    queue.add_after(B, 3600)
    assert await asyncio.wait_for(queue.take(), 10) == B
    queue.close()


def test_backoff_grows_per_key_up_to_its_cap() -> None:
    backoff = Backoff(base=1, cap=5)
    assert [backoff.next_delay(A) for _ in range(5)] == [1, 2, 4, 5, 5]
    assert backoff.next_delay(B) == 1
    backoff.forget(A)
    assert backoff.next_delay(A) == 1


def test_backoff_does_not_overflow() -> None:
    backoff = Backoff()
    backoff.failures[A] = 5000
    assert backoff.next_delay(A) == backoff.cap


# Keys


def test_an_object_concerns_itself_or_its_owner() -> None:
    owners = [{"kind": "Deployment", "name": "d"}, {"kind": "Other", "name": "o"}]
    manifest = secret("a", ownerReferences=owners)
    assert request_for(manifest) == [A]
    assert owner_of("Deployment")(manifest) == [Request("demo", "d")]
    assert owner_of("Deployment")(secret("a")) == []
    assert request_for({"metadata": {"name": "x"}}) == [Request("", "x")]


# The controller


async def test_what_is_there_and_what_comes_is_reconciled(client: Client) -> None:
    recorder = Recorder()
    await client.create(SECRET, secret("a"))
    async with running(controller(client, recorder)):
        await recorder.called(1, A)
        await client.create(SECRET, secret("b"))
        await recorder.called(1, B)
        await client.delete(SECRET, "a", "demo")
        await recorder.called(2, A)


async def test_several_kinds_lead_to_one_key(client: Client) -> None:
    recorder = Recorder()
    watches = (Watch(DEPLOYMENT), Watch(SECRET, owner_of("Widget")))
    # Of a kind that is not served, so that nobody collects the dependent.
    owner = [{"apiVersion": "example.com/v1", "kind": "Widget", "name": "a", "uid": "u"}]
    async with running(controller(client, recorder, *watches)):
        await client.create(SECRET, secret("a-1", ownerReferences=owner))
        await recorder.called(1, A)
    assert set(recorder.calls) == {A}


async def test_a_watch_can_be_narrowed(client: Client) -> None:
    recorder = Recorder()
    watch = Watch(SECRET, namespace="demo", label_selector="on=yes")
    async with running(controller(client, recorder, watch)):
        for name, namespace, on in (
            ("x", "somewhere", "yes"),
            ("b", "demo", "no"),
            ("a", "demo", "yes"),
        ):
            meta = {"name": name, "namespace": namespace, "labels": {"on": on}}
            await client.create(SECRET, {"metadata": meta})
        await recorder.called(1, A)
    assert set(recorder.calls) == {A}


async def test_work_on_one_key_never_overlaps_and_changes_meanwhile_count(client: Client) -> None:
    recorder = Recorder()
    recorder.gate.clear()
    async with running(controller(client, recorder, workers=4)):
        await client.create(SECRET, secret("a"))
        await recorder.called(1, A)
        await client.create(SECRET, secret("b"))
        await recorder.called(1, B)
        for number in range(5):
            await client.patch(SECRET, "a", {"metadata": {"labels": {"n": str(number)}}}, "demo")
        assert recorder.active == {A: 1, B: 1}
        recorder.gate.set()
        await recorder.called(2, A)
    assert not recorder.overlapped


async def test_a_reconciler_can_ask_to_be_called_again(client: Client) -> None:
    recorder = Recorder()
    recorder.outcomes = iter([Result(requeue_after=0)])
    async with running(controller(client, recorder)):
        await client.create(SECRET, secret("a"))
        await recorder.called(2, A)


@pytest.mark.parametrize("error", [Conflict("c"), Unavailable("u"), ValueError("a bug")])
async def test_a_failure_is_tried_again_and_stops_nobody_else(
    client: Client, error: Exception
) -> None:
    recorder = Recorder()
    recorder.outcomes = iter([error, error])
    async with running(controller(client, recorder, workers=1)):
        await client.create(SECRET, secret("a"))
        await client.create(SECRET, secret("b"))
        await recorder.called(1, B)
        await recorder.called(2, A)


class FlakyClient(MemoryClient):
    """Fails as it is told, then behaves."""

    def __init__(self) -> None:
        super().__init__()
        self.list_failures: list[Exception] = []
        self.watch_failures: list[Exception] = []
        self.lists = 0
        self.deaf = False
        self.watching = asyncio.Event()

    async def list(self, *arguments: Any, **named: Any) -> ObjectList:
        self.lists += 1
        if self.list_failures:
            raise self.list_failures.pop(0)
        return await super().list(*arguments, **named)

    async def watch(
        self, type: ResourceType, *arguments: Any, **named: Any
    ) -> AsyncIterator[WatchEvent]:
        if self.watch_failures:
            raise self.watch_failures.pop(0)
        self.watching.set()
        async for event in super().watch(type, *arguments, **named):
            if not self.deaf:
                yield event


@pytest.mark.parametrize(
    "error", [Gone("old"), Unavailable("down"), TimeoutError(), KeyError("bug")]
)
async def test_a_watch_that_fails_is_made_anew_from_a_list(error: Exception) -> None:
    client, recorder = FlakyClient(), Recorder()
    client.list_failures = [error]
    client.watch_failures = [error]
    await client.create(SECRET, secret("a"))
    async with running(controller(client, recorder)):
        await recorder.called(1, A)
        await asyncio.wait_for(client.watching.wait(), 20)
        await client.create(SECRET, secret("b"))
        await recorder.called(1, B)


async def test_an_event_that_was_lost_costs_only_time() -> None:
    client, recorder = FlakyClient(), Recorder()
    client.deaf = True
    async with running(controller(client, recorder, resync=0.05)):
        await client.create(SECRET, secret("a"))
        await recorder.called(1, A)


async def test_an_object_that_cannot_be_mapped_stops_nobody_else(client: Client) -> None:
    recorder = Recorder()

    def mapping(manifest: Manifest) -> list[Request]:
        if manifest["metadata"]["name"] == "0dd":
            raise KeyError("spec")
        return request_for(manifest)

    async with running(controller(client, recorder, Watch(SECRET, mapping))):
        await client.create(SECRET, secret("0dd"))
        await client.create(SECRET, secret("a"))
        await recorder.called(1, A)


async def test_cluster_scoped_keys_have_no_namespace(client: Client) -> None:
    recorder = Recorder()
    async with running(controller(client, recorder, Watch(NAMESPACE))):
        await recorder.called(1, Request("", "demo"))


async def test_cancelling_ends_work_and_appointments() -> None:
    client, recorder = MemoryClient(), Recorder()
    recorder.gate.clear()
    subject = controller(client, recorder)
    async with running(subject):
        subject.queue.add_after(B, 3600)
        await client.create(SECRET, secret("a"))
        await recorder.called(1, A)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert subject.queue._due == {}
