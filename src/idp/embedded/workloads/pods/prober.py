"""The probes of one attempt: startup first, then readiness and liveness side by side."""

from __future__ import annotations

import asyncio
from typing import Protocol

from idp.embedded.workloads.events import EventRecorder
from idp.embedded.workloads.pods import proc
from idp.embedded.workloads.pods.asking import ask
from idp.embedded.workloads.pods.probes import Answer, Probe, Streak, parse
from idp.embedded.workloads.pods.process import Process
from idp.embedded.workloads.pods.record import ContainerRecord
from idp.embedded.workloads.services.render import local_port
from idp.kernel.resource import Manifest

_EAGER_SECONDS, _GROWTH = 0.1, 1.5
"""First period while a container starts; it grows up to the probe's own. A container that is up
after 300 ms is then not kept waiting for 10 s. Failure thresholds still count whole periods."""


class Probed(Protocol):
    """What the prober needs of a container."""

    name: str
    spec: Manifest
    record: ContainerRecord

    def changed(self, *, ready: bool | None = None, started: bool | None = None) -> None:
        """Note what a probe found."""
        ...

    def show(self, trouble: str) -> None:
        """Note why the container cannot serve."""
        ...

    async def terminate(self, grace: float) -> None:
        """End the attempt."""
        ...


class Prober:
    """Asks the probes of one attempt until it is cancelled."""

    def __init__(
        self, container: Probed, pod: Manifest, process: Process, events: EventRecorder
    ) -> None:
        self._container = container
        self._pod = pod
        self._process = process
        self._events = events
        spec = container.spec
        self._startup = parse(spec.get("startupProbe"), pod)
        self._readiness = parse(spec.get("readinessProbe"), pod)
        self._liveness = parse(spec.get("livenessProbe"), pod)

    async def run(self) -> None:
        """Ask; an adopted container starts where it was, so its readiness does not flicker."""
        container = self._container
        if not container.record.started:
            if self._startup is not None and not await self._wait_for_start(self._startup):
                return
            container.changed(started=True)
        async with asyncio.TaskGroup() as group:
            if self._readiness is not None:
                group.create_task(self._watch_readiness(self._readiness))
            elif not container.record.ready:
                container.changed(ready=True)
            if self._liveness is not None:
                group.create_task(self._watch_liveness(self._liveness))

    async def _wait_for_start(self, probe: Probe) -> bool:
        """Ask until the first success; a container that needs too long is ended."""
        await asyncio.sleep(probe.initial_delay)
        loop, pause = asyncio.get_running_loop(), min(_EAGER_SECONDS, probe.period)
        deadline = loop.time() + probe.period * probe.failure_threshold
        while True:
            answer = await ask(probe.action, self._process, probe.timeout)
            if answer.ok:
                return True
            self._container.show(self._diagnosis(answer))
            if loop.time() >= deadline:
                await self._end("Startup", answer)
                return False
            await asyncio.sleep(pause)
            pause = min(pause * _GROWTH, probe.period)

    async def _watch_readiness(self, probe: Probe) -> None:
        container = self._container
        streak = Streak(probe, container.record.ready)
        if not container.record.ready:
            await asyncio.sleep(probe.initial_delay)
        pause = min(_EAGER_SECONDS, probe.period)
        while True:
            answer = await ask(probe.action, self._process, probe.timeout)
            changed = streak.count(answer.ok)
            if answer.ok:
                container.show("")
            elif not streak.verdict:
                container.show(self._diagnosis(answer))
            if changed:
                container.changed(ready=streak.verdict)
                if not streak.verdict:
                    await self._unhealthy("Readiness", answer)
            pause = probe.period if streak.verdict else min(pause * _GROWTH, probe.period)
            await asyncio.sleep(pause)

    async def _watch_liveness(self, probe: Probe) -> None:
        await asyncio.sleep(probe.initial_delay)
        streak = Streak(probe, True)
        while True:
            answer = await ask(probe.action, self._process, probe.timeout)
            if streak.count(answer.ok):
                await self._end("Liveness", answer)
                return
            await asyncio.sleep(probe.period)

    def _diagnosis(self, answer: Answer) -> str:
        """Why it does not answer: perhaps it listens elsewhere."""
        declared = (self._container.spec.get("ports") or [{}])[0].get("containerPort")
        expected = local_port(self._pod, declared) if declared else None
        ports = proc.listening_ports(self._process.tree())
        if expected is None or not ports or expected in ports:
            return answer.message
        others = " and ".join(str(port) for port in ports)
        return f"listens on {others} and not on $PORT {expected}; {answer.message}"

    async def _unhealthy(self, which: str, answer: Answer) -> None:
        message = f"{which} probe of {self._container.name} failed: {self._diagnosis(answer)}"
        await self._events.record(self._pod, "Warning", "Unhealthy", message)

    async def _end(self, which: str, answer: Answer) -> None:
        await self._unhealthy(which, answer)
        grace = float(self._pod["spec"].get("terminationGracePeriodSeconds", 30))
        await self._container.terminate(grace)
