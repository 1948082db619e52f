"""Runs the steps of pipelines.

One controller serves every step object. A key is a step object's name; its reconciliation is one
call of `Step.perform`, and the answer becomes the object's status. Up to `workers` steps run at
the same time, each in its own worker, so a long one holds up no other. What is kept between calls
is in the object (since when it runs, what it said last), so a killed process continues where the
object says; only the count of unexpected errors is in memory, and the deadline bounds those too.

The rules, in the order in which they are applied to one object:

1. A step that has ended, or is being deleted, is left alone for ever.
2. `spec.uses` that nobody registered fails the step and lists the known ones.
3. `spec.with` that breaks the step's model fails the step and names every path.
4. A step older than `spec.deadlineSeconds` fails and says what it waited for; a call that is
   under way at that moment is cancelled.
5. A retryable `IdpError` keeps the step running and calls it again with growing delays.
6. Any other `IdpError` fails the step with its message and remedy.
7. Any other exception is a defect: it is retried `attempts` times, then fails the step.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pydantic
import structlog

from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, parse_timestamp, utc_now
from idp.kernel.controller import Backoff, Controller, Request, Result, Watch, request_for
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest, Model, ResourceType
from idp.kernel.step import Outcome, Step, StepRun, WatchingStep, failed, waiting
from idp.kernel.step_status import StatusWriter, has_ended

log = structlog.get_logger(__name__)

DEFAULT_WAIT = 2.0
DEFAULT_DEADLINE = 300
REPORT_INTERVAL = 0.5


class StepController:
    """Calls steps until they end.

    Args:
        client: With the rights of the platform's controllers.
        type: The kind of the step objects.
        steps: Everything that `spec.uses` may name.
        clock: Tells when deadlines pass.
        workers: How many steps run at the same time.
        attempts: After how many unexpected exceptions a step fails.
    """

    def __init__(
        self,
        client: Client,
        type: ResourceType,
        steps: Sequence[Step],
        clock: Clock = utc_now,
        *,
        workers: int = 8,
        attempts: int = 5,
    ) -> None:
        self._client = client
        self._type = type
        self._steps = {step.uses: step for step in steps}
        if len(self._steps) != len(steps):
            raise ValueError("two steps have the same name")
        self._clock = clock
        self._attempts = attempts
        self._retries = Backoff(base=0.25, cap=15.0)
        self._defects: dict[str, int] = {}
        hints = [w for step in steps if isinstance(step, WatchingStep) for w in step.watches]
        self._controller = Controller(
            "steps",
            client,
            self._reconcile,
            [Watch(type, _unless_ended), *hints],
            workers=workers,
        )

    async def run(self) -> None:
        """Run until cancelled; steps under way are cancelled and called again after a restart."""
        await self._controller.run()

    async def _reconcile(self, request: Request) -> Result:
        manifest = await get_or_none(self._client, self._type, request.name, request.namespace)
        if manifest is None or has_ended(manifest) or "deletionTimestamp" in manifest["metadata"]:
            self._retries.forget(request)
            return Result()
        writer = StatusWriter(self._client, self._type, manifest, self._clock)
        outcome = await self._outcome(request, manifest, writer)
        await writer.write(outcome)
        if outcome.phase != "Running":
            self._defects.pop(manifest["metadata"]["uid"], None)
            return Result()
        wait = DEFAULT_WAIT if outcome.requeue_after is None else outcome.requeue_after
        return Result(requeue_after=max(0.0, min(wait, self._remaining(manifest) + 0.01)))

    async def _outcome(self, request: Request, manifest: Manifest, writer: StatusWriter) -> Outcome:
        uses = manifest["spec"].get("uses", "")
        step = self._steps.get(uses)
        if step is None:
            return _unknown(uses, self._steps)
        try:
            parameters = step.parameters.model_validate(manifest["spec"].get("with") or {})
        except pydantic.ValidationError as error:
            return _wrong_parameters(uses, error)
        if (remaining := self._remaining(manifest)) <= 0:
            return _overdue(manifest, writer.message)
        await writer.start()
        try:
            async with asyncio.timeout(remaining):
                outcome = await self._call(step, parameters, writer)
        except TimeoutError:
            return _overdue(manifest, writer.message)
        except IdpError as error:
            return self._after_error(request, error)
        except Exception as error:
            return self._after_defect(request, manifest, error)
        self._retries.forget(request)
        return outcome

    async def _call(self, step: Step, parameters: Model, writer: StatusWriter) -> Outcome:
        reporter = _Reporter(writer)
        meta = writer.manifest["metadata"]
        run = StepRun(
            manifest=writer.manifest,
            namespace=meta.get("namespace", ""),
            name=meta["name"],
            uid=meta["uid"],
            report=reporter.report,
        )
        try:
            return await step.perform(run, parameters)
        except TimeoutError as error:
            # The deadline around this call arrives here as a cancellation, so this is the step's
            # own: it must not be mistaken for the deadline.
            raise RuntimeError("the step let a TimeoutError through") from error
        finally:
            await reporter.close()

    def _remaining(self, manifest: Manifest) -> float:
        created = parse_timestamp(manifest["metadata"]["creationTimestamp"])
        seconds = manifest["spec"].get("deadlineSeconds", DEFAULT_DEADLINE)
        return (created + timedelta(seconds=seconds) - self._clock()).total_seconds()

    def _after_error(self, request: Request, error: IdpError) -> Outcome:
        if not error.retryable:
            return failed(error.message, reason=error.code, remedy=error.remedy or "")
        return waiting(
            f"{error.message}; trying again",
            reason=error.code,
            remedy=error.remedy or "",
            after=self._retries.next_delay(request),
        )

    def _after_defect(self, request: Request, manifest: Manifest, error: Exception) -> Outcome:
        uid = manifest["metadata"]["uid"]
        self._defects[uid] = count = self._defects.get(uid, 0) + 1
        log.error("step raised", step=request.name, uses=manifest["spec"]["uses"], exc_info=error)
        text = f"unexpected {type(error).__name__}: {error}"
        if count < self._attempts:
            return waiting(
                f"{text}; attempt {count} of {self._attempts}, trying again",
                reason="UnexpectedError",
                after=self._retries.next_delay(request),
            )
        return failed(
            f"{text}; given up after {count} attempts",
            reason="UnexpectedError",
            remedy="This is a defect of the step: report it with the instance's log.",
        )


@dataclass
class _Reporter:
    """Writes progress at most every `REPORT_INTERVAL`; the newest message wins."""

    writer: StatusWriter
    latest: str = ""
    last_write: float = -REPORT_INTERVAL
    task: asyncio.Task[None] | None = None

    async def report(self, message: str) -> None:
        self.latest = message
        delay = self.last_write + REPORT_INTERVAL - time.monotonic()
        if delay <= 0:
            await self._write()
        elif self.task is None or self.task.done():
            self.task = asyncio.create_task(self._write_later(delay))

    async def _write_later(self, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._write()

    async def _write(self) -> None:
        self.last_write = time.monotonic()
        try:
            await self.writer.write(Outcome("Running", self.latest, "InProgress"))
        except IdpError as error:  # progress is for people: losing a line must not fail the work
            log.debug("progress was not written", error=str(error))

    async def close(self) -> None:
        """Drop what was not written yet; the outcome says more."""
        self.writer.message = self.latest or self.writer.message
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


def _unless_ended(manifest: Manifest) -> list[Request]:
    """An instance keeps many ended steps; at its start they must not cost a read each."""
    return [] if has_ended(manifest) else request_for(manifest)


def _unknown(uses: str, steps: dict[str, Step]) -> Outcome:
    return failed(
        f'there is no step "{uses}"; known are {", ".join(sorted(steps)) or "none"}',
        reason="UnknownStep",
        remedy="Correct spec.uses in the workflow template, or install the package that has it.",
    )


def _wrong_parameters(uses: str, error: pydantic.ValidationError) -> Outcome:
    paths = [
        f"spec.with.{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors()
    ]
    return failed(
        f'parameters of step "{uses}" are invalid: ' + "; ".join(paths),
        reason="InvalidParameters",
        remedy="Correct spec.with in the workflow template.",
    )


def _overdue(manifest: Manifest, message: str) -> Outcome:
    seconds = manifest["spec"].get("deadlineSeconds", DEFAULT_DEADLINE)
    last = message or "nothing: it was never started"
    return failed(
        f"not done within {seconds} s of {manifest['metadata']['creationTimestamp']}; "
        f"it waited for: {last}",
        reason="DeadlineExceeded",
        remedy=(manifest.get("status") or {}).get("remedy")
        or "Remove what it waited for, then start the pipeline again.",
    )
