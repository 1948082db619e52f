"""One container: adopted or started, watched, ended, started again.

A `Container` is a sequential program (`run`) over a record on disk. It can be cancelled at any
await without harm: processes go on, and the next `Container` over the same record adopts them.
Ending a container is a separate step (`terminate`) that its pod asks for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from idp.embedded.workloads.events import EventType
from idp.embedded.workloads.images.ports import Image
from idp.embedded.workloads.pods import process as processes
from idp.embedded.workloads.pods import restarts
from idp.embedded.workloads.pods.asking import ask
from idp.embedded.workloads.pods.folders import ContainerFolder, PodFolder, identity
from idp.embedded.workloads.pods.logs import last_lines
from idp.embedded.workloads.pods.prober import Prober
from idp.embedded.workloads.pods.probes import parse_action
from idp.embedded.workloads.pods.process import Process
from idp.embedded.workloads.pods.record import ContainerRecord, Terminated
from idp.embedded.workloads.pods.runtime import Runtime
from idp.embedded.workloads.pods.sandbox.spec import Launch
from idp.kernel.clock import timestamp
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest

log = structlog.get_logger(__name__)

_RETRY_SECONDS, _RETRY_CAP_SECONDS = 1.0, 60.0
_NOT_BORN_SECONDS = 0.02
_OUT_OF_MEMORY = "OOMKilled"
_SHOWN_LINES = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a container does not run (`containerStatuses[].state.waiting`)."""

    reason: str
    message: str = ""


class Preparation(Protocol):
    """Makes what a start needs. Both steps raise what is in the way, as `IdpError`."""

    async def image(self, spec: Manifest) -> Image:
        """The image of a container."""
        ...

    async def launch(self, spec: Manifest, image: Image, identity: str) -> Launch:
        """The command for the kernel, with everything that it refers to in place."""
        ...


class Container:
    """One container of a pod.

    Args:
        runtime: What all pods share.
        pod: Gives the Pod as it is now.
        spec: The container's part of it.
        folder: The pod's folder.
        preparation: Makes what a start needs.
        on_change: Called after every change that the pod's status shows.
        init: Whether it is an init container.
    """

    def __init__(
        self,
        runtime: Runtime,
        pod: Callable[[], Manifest],
        spec: Manifest,
        folder: PodFolder,
        preparation: Preparation,
        on_change: Callable[[], None],
        *,
        init: bool = False,
    ) -> None:
        self.name: str = spec["name"]
        self.spec = spec
        self.init = init
        self.waiting = Waiting("PodInitializing")
        self.trouble = ""
        self._runtime = runtime
        self._pod = pod
        self._folder: ContainerFolder = folder.container(self.name)
        self._uid = folder.uid
        self._preparation = preparation
        self._on_change = on_change
        self._policy: str = pod()["spec"].get("restartPolicy") or "Always"
        self.record = ContainerRecord.load(self._folder.record)
        self.process: Process | None = None
        known = self.record.process
        if self.record.running and (known is None or not known.alive):
            self.record.ready = False  # it ended with the machine, or while nobody watched

    async def run(self) -> Terminated:
        """Keep the container running; returns when it has ended for good."""
        process = self._adopt()
        while True:
            if process is None:
                ended = self.record.terminated
                if ended is not None:
                    if not restarts.starts_again(self._policy, ended, init=self.init):
                        return ended
                    await self._back_off(ended)
                process = await self._start()
            await self._live(process)
            process = None

    def adopt(self) -> None:
        """Take on what runs without looking after it, in order to end it."""
        self._adopt()

    def _adopt(self) -> Process | None:
        """The process of the present attempt, if it still lives or left an exit code."""
        if not self.record.running:
            return None
        status = self._folder.status(self.record.attempt)
        if self.record.process is not None:
            self.process = Process(self.record.process, status)
        else:
            self.process = processes.find(self._identity(), status)
        if self.process is None:  # killed between the record and the start
            self._end(None)
        return self.process

    def _identity(self) -> str:
        return identity(self._runtime.data, self._uid, self.name, self.record.attempt)

    async def _back_off(self, ended: Terminated) -> None:
        settings = self._runtime.settings
        wait = restarts.delay(
            self.record.crashes, settings.restart_base_seconds, settings.restart_cap_seconds
        )
        left = restarts.seconds_left(ended, wait, self._runtime.clock())
        if left <= 0:
            return
        message = f"back-off {wait:g}s restarting failed container={self.name}"
        if ended.message:
            message += f"; exit code {ended.exit_code}; last lines:\n{ended.message}"
        self._wait(Waiting("CrashLoopBackOff", message))
        await self._tell("Warning", "BackOff", f"Back-off restarting failed container {self.name}")
        await asyncio.sleep(left)

    async def _start(self) -> Process:
        """Start the next attempt."""
        number = self.record.attempt + 1
        name = identity(self._runtime.data, self._uid, self.name, number)
        image, launch = await self._prepare(name)
        self._begin(number, image)
        process = processes.start(
            launch, log_path=self._folder.log(number), status_path=self._folder.status(number)
        )
        self.record.process = process.id
        self.record.save()
        self._folder.remove_before(number - 1)
        self.process = process
        self._on_change()
        await self._tell("Normal", "Started", f"Started container {self.name}")
        return process

    async def _prepare(self, name: str) -> tuple[Image, Launch]:
        """Get all that a start needs; what is in the way is shown and tried again."""
        pause = _RETRY_SECONDS
        while True:
            reason = "ErrImagePull"
            try:
                image = await self._preparation.image(self.spec)
                reason = "CreateContainerConfigError"
                return image, await self._preparation.launch(self.spec, image, name)
            except IdpError as error:
                text = f"{error.message} {error.remedy or ''}".strip()
            self._wait(Waiting(reason, text))
            await self._tell("Warning", "Failed", f"{self.name}: {text}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _RETRY_CAP_SECONDS)

    def _begin(self, number: int, image: Image) -> None:
        """Note an attempt before its process exists: so no process is ever unknown."""
        record = self.record
        record.last = record.terminated or record.last
        record.attempt, record.process, record.terminated = number, None, None
        record.started = record.ready = False
        record.ending_reason, record.image = "", image.identity
        record.stop_signal = image.config.stop_number
        record.started_at = timestamp(self._runtime.clock())
        record.save()

    async def _live(self, process: Process) -> None:
        """Watch an attempt to its end."""
        limits = (self.spec.get("resources") or {}).get("limits") or {}
        name = f"{self._uid}-{self.name}"
        held = self._runtime.limits.hold(process, name, limits, self._out_of_memory)
        prober = Prober(self, self._pod(), process, self._runtime.events)
        probing = asyncio.create_task(prober.run(), name=f"probes/{self.name}")
        try:
            code = await process.wait()
        finally:
            if held.end():
                self.record.ending_reason = _OUT_OF_MEMORY
            probing.cancel()
            await asyncio.wait([probing])  # unlike `await probing`, it lets our own cancel through
        if not probing.cancelled() and (error := probing.exception()) is not None:
            log.error("probes failed", container=self.name, exc_info=error)
        self._end(code)

    def _out_of_memory(self, held: int) -> None:
        self.record.ending_reason = _OUT_OF_MEMORY
        self.record.save()
        log.warning("container over its memory limit", container=self.name, bytes=held)
        if self.process is not None:
            self.process.kill()

    def _end(self, code: int | None) -> None:
        """Note how the attempt ended; whoever waited for it may be the first to say so."""
        record = self.record
        if record.terminated is not None:
            return
        tail = last_lines(self._folder.log(record.attempt))
        reason = record.ending_reason or ("Completed" if code == 0 else "Error")
        if code is None:
            code = 137
            if not record.ending_reason:
                reason = restarts.UNKNOWN
                tail = f"the container ended while nobody watched\n{tail}".strip()
        record.terminated = Terminated(
            exit_code=code,
            reason=reason,
            message=tail if code else "",
            started_at=record.started_at,
            finished_at=timestamp(self._runtime.clock()),
        )
        record.crashes = restarts.crashes_after(
            record.crashes, record.terminated, self._runtime.settings.restart_reset_seconds
        )
        record.started = record.ready = False
        record.save()
        self.process = None
        self._on_change()

    def changed(self, *, ready: bool | None = None, started: bool | None = None) -> None:
        """Note what a probe found."""
        if ready is not None:
            self.record.ready = ready
        if started is not None:
            self.record.started = started
        self.record.save()
        self._on_change()

    def show(self, trouble: str) -> None:
        """Note why the container cannot serve, with the end of its log; empty when it can."""
        lines = last_lines(self._folder.log(self.record.attempt)).splitlines() if trouble else []
        if lines:
            trouble += f"; it wrote last: {' | '.join(lines[-_SHOWN_LINES:])}"
        if trouble != self.trouble:
            self.trouble = trouble
            self._on_change()

    async def terminate(self, grace: float) -> None:
        """End the present attempt: the preStop hook, SIGTERM, and SIGKILL when `grace` is over."""
        process = self.process
        if process is None or self.record.terminated is not None:
            return
        await self._tell("Normal", "Killing", f"Stopping container {self.name}")
        code: int | None = None
        try:
            async with asyncio.timeout(grace):
                await self._pre_stop(process, grace)
                while process.main is None and process.id.alive:  # noqa: ASYNC110
                    await asyncio.sleep(_NOT_BORN_SECONDS)
                process.signal(self.record.stop_signal)
                code = await process.wait()
        except TimeoutError:
            process.kill()
            code = await process.wait()
        self._end(code)

    async def _pre_stop(self, process: Process, grace: float) -> None:
        hook = (self.spec.get("lifecycle") or {}).get("preStop")
        if not hook:
            return
        if (sleep := hook.get("sleep")) is not None:
            await asyncio.sleep(float(sleep["seconds"]))
            return
        answer = await ask(parse_action(hook, self._pod()), process, grace)
        if not answer.ok:
            message = f"preStop hook of {self.name} failed: {answer.message}"
            await self._tell("Warning", "FailedPreStopHook", message)

    def _wait(self, waiting: Waiting) -> None:
        if waiting != self.waiting:
            self.waiting = waiting
            self._on_change()

    async def _tell(self, type: EventType, reason: str, message: str) -> None:
        await self._runtime.events.record(self._pod(), type, reason, message)
