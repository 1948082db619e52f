from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import Field

import support.running
from idp.kernel.clock import utc_now
from idp.kernel.controller import Request, Watch
from idp.kernel.errors import Unavailable, VerificationFailed
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, Model, ResourceType
from idp.kernel.standard import CONFIG_MAP
from idp.kernel.step import Outcome, Step, StepRun, failed, succeeded, waiting
from idp.kernel.step_controller import StepController

STEP = ResourceType("platform.idp", "v1alpha1", "PipelineStep", "pipelinesteps")

Perform = Callable[[StepRun, Any], Awaitable[Outcome]]


class Parameters(Model):
    count: int = Field(default=1, ge=1)


@dataclass
class Scripted:
    """A step that answers as a test tells it to."""

    script: Perform
    uses: str = "work"
    parameters: type[Model] = Parameters
    calls: int = 0
    watches: Sequence[Watch] = field(default_factory=tuple)

    async def perform(self, run: StepRun, parameters: Any) -> Outcome:
        self.calls += 1
        return await self.script(run, parameters)


class SetClock:
    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.offset


async def create(
    client: MemoryClient, name: str = "s", parameters: Manifest | None = None, **spec: Any
) -> Manifest:
    spec = {"uses": "work", "with": parameters or {}, **spec}
    body = {"metadata": {"name": name, "namespace": "demo"}, "spec": spec}
    return await client.create(STEP, body)


def running(
    client: MemoryClient, *steps: Step, clock: Callable[[], datetime] = utc_now, attempts: int = 3
) -> contextlib.AbstractAsyncContextManager[None]:
    return support.running.running(StepController(client, STEP, steps, clock, attempts=attempts))


async def until(
    client: MemoryClient, holds: Callable[[dict[str, Any]], bool], name: str = "s"
) -> dict[str, Any]:
    async with asyncio.timeout(20):
        version = "0"
        async for event in client.watch(STEP, "demo", resource_version=version):
            status: dict[str, Any] = event.object.get("status") or {}
            if event.object["metadata"]["name"] == name and holds(status):
                return status
    raise AssertionError("unreachable")


def ended(status: dict[str, Any]) -> bool:
    return status.get("phase") in ("Succeeded", "Failed")


async def test_success_is_recorded_with_outputs_times_and_condition() -> None:
    client = MemoryClient()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        return succeeded(f"counted to {parameters.count}", digest="sha256:1")

    await create(client, parameters={"count": "3"})
    async with running(client, Scripted(work)):
        status = await until(client, ended)
    assert status["phase"] == "Succeeded"
    assert status["message"] == "counted to 3"
    assert status["outputs"] == {"digest": "sha256:1"}
    assert status["startedAt"] <= status["finishedAt"]
    assert status["observedGeneration"] == 1
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [("Succeeded", "True")]


async def test_unknown_step_lists_the_known_ones() -> None:
    client = MemoryClient()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        return succeeded("never")

    await create(client, uses="wrok")
    async with running(client, Scripted(work)):
        status = await until(client, ended)
    assert status["reason"] == "UnknownStep"
    assert '"wrok"' in status["message"]
    assert "work" in status["message"]
    assert status["remedy"]


async def test_invalid_parameters_name_each_path() -> None:
    client = MemoryClient()
    step = Scripted(lambda run, parameters: asyncio.sleep(0, succeeded("never")))
    await create(client, parameters={"count": 0, "colour": "red"})
    async with running(client, step):
        status = await until(client, ended)
    assert status["reason"] == "InvalidParameters"
    assert "spec.with.count" in status["message"]
    assert "spec.with.colour" in status["message"]
    assert step.calls == 0


async def test_terminal_error_fails_with_message_and_remedy() -> None:
    client = MemoryClient()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        raise VerificationFailed("forged", remedy="build it again")

    await create(client)
    async with running(client, Scripted(work)):
        status = await until(client, ended)
    assert (status["phase"], status["message"], status["remedy"]) == (
        "Failed",
        "forged",
        "build it again",
    )


async def test_retryable_error_is_said_and_tried_again() -> None:
    client = MemoryClient()
    step: Scripted

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        if step.calls < 3:
            raise Unavailable("the registry does not answer")
        return succeeded("done")

    step = Scripted(work)
    await create(client)
    async with running(client, step):
        waiting_ = await until(client, lambda s: "registry" in s.get("message", ""))
        assert waiting_["phase"] == "Running"
        assert waiting_["reason"] == "ServiceUnavailable"
        assert (await until(client, ended))["phase"] == "Succeeded"
    assert step.calls == 3


async def test_defect_is_retried_then_fails() -> None:
    client = MemoryClient()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        raise KeyError("digest")

    step = Scripted(work)
    await create(client)
    async with running(client, step, attempts=2):
        status = await until(client, ended)
    assert step.calls == 2
    assert status["reason"] == "UnexpectedError"
    assert "KeyError" in status["message"]


async def test_own_timeout_of_a_step_is_not_the_deadline() -> None:
    client = MemoryClient()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        raise TimeoutError

    await create(client)
    async with running(client, Scripted(work), attempts=1):
        assert (await until(client, ended))["reason"] == "UnexpectedError"


async def test_deadline_names_what_was_waited_for() -> None:
    client, clock = MemoryClient(), SetClock()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        return waiting("an approval of hello", reason="NeedsApproval", remedy="approve", after=0.02)

    await create(client, deadlineSeconds=60)
    async with running(client, Scripted(work), clock=clock):
        await until(client, lambda s: s.get("reason") == "NeedsApproval")
        clock.offset = timedelta(seconds=61)
        status = await until(client, ended)
    assert status["reason"] == "DeadlineExceeded"
    assert "it waited for: an approval of hello" in status["message"]
    assert status["remedy"] == "approve"


async def test_deadline_cancels_a_call_under_way() -> None:
    client, clock = MemoryClient(), SetClock()
    cancelled = asyncio.Event()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        await run.report("the moon")
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return succeeded("never")

    await create(client, deadlineSeconds=60)
    clock.offset = timedelta(seconds=58.5)
    async with running(client, Scripted(work), clock=clock):
        status = await until(client, ended)
    assert cancelled.is_set()
    assert "it waited for: the moon" in status["message"]


async def test_ended_step_is_never_called_again() -> None:
    client = MemoryClient()
    step = Scripted(lambda run, parameters: asyncio.sleep(0, failed("no", reason="No", remedy="")))
    await create(client)
    async with running(client, step):
        await until(client, ended)
    other = Scripted(lambda run, parameters: asyncio.sleep(0, succeeded("other")), uses="other")
    await create(client, name="later", uses="other")
    async with running(client, step, other):
        await client.patch(STEP, "s", {"metadata": {"labels": {"touched": "yes"}}}, "demo")
        await until(client, ended, name="later")
    assert step.calls == 1


async def test_kill_in_the_middle_calls_the_step_again_and_keeps_the_start() -> None:
    client = MemoryClient()
    begun, effects = asyncio.Event(), set[str]()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        effects.add(run.uid)
        if not begun.is_set():
            begun.set()
            await asyncio.Event().wait()
        return succeeded("done")

    await create(client)
    async with running(client, Scripted(work)):
        await begun.wait()
    started = (await client.get(STEP, "s", "demo"))["status"]["startedAt"]
    async with running(client, Scripted(work)):
        status = await until(client, ended)
    assert len(effects) == 1
    assert status["startedAt"] == started


async def test_progress_is_coalesced_and_the_last_word_is_the_outcome() -> None:
    client = MemoryClient()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        for number in range(200):
            await run.report(f"line {number}")
        return succeeded("done")

    await create(client)
    async with running(client, Scripted(work)):
        assert (await until(client, ended))["message"] == "done"
    writes = int((await client.get(STEP, "s", "demo"))["metadata"]["resourceVersion"])
    assert writes <= 4


async def test_nothing_new_is_not_written() -> None:
    client = MemoryClient()
    enough = asyncio.Event()
    step: Scripted

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        if step.calls == 5:
            enough.set()
        return waiting("the same", reason="Same", after=0.0)

    step = Scripted(work)
    await create(client)
    async with running(client, step):
        await enough.wait()
    assert int((await client.get(STEP, "s", "demo"))["metadata"]["resourceVersion"]) == 3


async def test_long_steps_do_not_hold_up_others() -> None:
    client = MemoryClient()
    together = asyncio.Barrier(4)

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        await together.wait()
        return succeeded("met")

    for number in range(4):
        await create(client, name=f"s{number}")
    async with running(client, Scripted(work)):
        for number in range(4):
            await until(client, ended, name=f"s{number}")


async def test_a_watched_kind_calls_the_step_sooner() -> None:
    client = MemoryClient()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        found = (await client.list(CONFIG_MAP, "demo")).items
        return succeeded("seen") if found else waiting("a map", reason="NoMap", after=3600)

    step = Scripted(work, watches=[Watch(CONFIG_MAP, lambda m: [Request("demo", "s")])])
    await create(client, deadlineSeconds=7200)
    async with running(client, step):
        await until(client, lambda s: s.get("reason") == "NoMap")
        await client.create(CONFIG_MAP, {"metadata": {"name": "m", "namespace": "demo"}})
        assert (await until(client, ended))["phase"] == "Succeeded"


async def test_outputs_over_the_limit_fail_the_step() -> None:
    client = MemoryClient()
    step = Scripted(
        lambda run, parameters: asyncio.sleep(0, succeeded("big", data="x" * (300 * 1024)))
    )
    await create(client)
    async with running(client, step):
        assert (await until(client, ended))["reason"] == "OutputsTooLarge"


async def test_a_step_deleted_meanwhile_is_dropped() -> None:
    client = MemoryClient()

    async def work(run: StepRun, parameters: Parameters) -> Outcome:
        await client.delete(STEP, "s", "demo")
        return succeeded("too late")

    await create(client)
    other = Scripted(lambda run, parameters: asyncio.sleep(0, succeeded("other")), uses="other")
    async with running(client, Scripted(work), other):
        await create(client, name="later", uses="other")
        await until(client, ended, name="later")
    assert len((await client.list(STEP)).items) == 1


def test_two_steps_of_one_name_are_refused() -> None:
    step = Scripted(lambda run, parameters: asyncio.sleep(0, succeeded("")))
    with pytest.raises(ValueError, match="same name"):
        StepController(MemoryClient(), STEP, [step, step], lambda: datetime.now(UTC))
