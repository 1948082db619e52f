"""What is measured of an application in one environment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from pydantic import ConfigDict

from idp.apps.hub import measured
from idp.apps.hub.instances import Instances
from idp.apps.hub.views.model import View
from idp.apps.platform.layout import Layout
from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.access import Principal

SHARES = (0.5, 0.95, 0.99)


class MinuteView(View):
    """The requests of one minute.

    Attributes:
        start: Its beginning.
        requests: How many ended in it.
        errors: How many of them failed: status 500 or more, or no answer.
        median: Milliseconds that half of them took at most; None without requests.
        p95: As `median`, of 95 in 100.
        p99: As `median`, of 99 in 100.
    """

    start: datetime
    requests: int
    errors: int
    median: float | None
    p95: float | None
    p99: float | None


class ReplicaView(View):
    """The processes of one replica.

    Attributes:
        pod: Its name.
        cpu_seconds: Time on processors since its processes started; two answers give the rate.
        memory: Bytes that only they hold.
        processes: How many there are.
        started_at: When its container started.
    """

    pod: str
    cpu_seconds: float
    memory: int
    processes: int
    started_at: datetime | None


class MetricsView(View):
    """What is measured.

    Attributes:
        environment: Where.
        at: When it was measured.
        minutes: Every minute asked for, oldest first, those without requests too.
        requests: How many there were in all.
        errors: How many of them failed.
        median: Milliseconds, over the whole time; None without requests.
        p95: As `median`, of 95 in 100.
        p99: As `median`, of 99 in 100.
        complete: Whether the gateway's log reaches back to the first minute.
        measured: Whether the gateway of the environment writes its log on this machine.
        replicas: Those whose processes run on this machine.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "environment": "uat",
                    "at": "2026-11-25T08:00:00Z",
                    "minutes": [{"start": "2026-11-25T07:59:00Z", "requests": 120, "errors": 1}],
                    "requests": 120,
                    "errors": 1,
                    "median": 2.0,
                    "p95": 9.0,
                    "p99": 31.0,
                    "complete": True,
                    "measured": True,
                    "replicas": [{"pod": "hello-7f9-x2x4q", "cpuSeconds": 3.2, "memory": 31457280}],
                }
            ]
        }
    )

    environment: str
    at: datetime
    minutes: list[MinuteView]
    requests: int
    errors: int
    median: float | None
    p95: float | None
    p99: float | None
    complete: bool
    measured: bool
    replicas: list[ReplicaView]


class Metrics:
    """Measures on this machine, for who may read the application in its environment."""

    def __init__(self, layout: Layout, instances: Instances) -> None:
        self._layout = layout
        self._instances = instances

    async def show(
        self, principal: Principal, environment: str, namespace: str, name: str, minutes: int
    ) -> MetricsView:
        """The last minutes.

        Raises:
            NotFound: There is no such application in the environment.
            Forbidden: The caller may not read it.
            Unavailable: The instance does not answer.
        """
        # Whoever may read the application may see how it does.
        await self._instances.client(environment, principal).get(
            WebApplication.type(), name, namespace
        )
        layout = self._layout.instance(environment)
        now = measured.now()
        first = (now - timedelta(minutes=minutes - 1)).replace(second=0, microsecond=0)
        found, replicas = await asyncio.gather(
            asyncio.to_thread(measured.requests, layout, namespace, name, first.timestamp()),
            asyncio.to_thread(measured.replicas, layout, namespace, name),
        )
        return describe(environment, now, first, minutes, found, replicas)


def describe(
    environment: str,
    now: datetime,
    first: datetime,
    minutes: int,
    found: measured.Requests,
    replicas: list[measured.Replica],
) -> MetricsView:
    """Put what was measured together. Pure."""
    by_start = {minute.start: minute for minute in found.minutes}
    starts = [int(first.timestamp()) + 60 * n for n in range(minutes)]
    every = [by_start.get(start) or measured.Minute(start) for start in starts]
    durations = [duration for minute in every for duration in minute.durations]
    median, p95, p99 = (measured.percentile(durations, share) for share in SHARES)
    return MetricsView(
        environment=environment,
        at=now,
        minutes=[_minute(minute) for minute in every],
        requests=sum(minute.requests for minute in every),
        errors=sum(minute.errors for minute in every),
        median=median,
        p95=p95,
        p99=p99,
        complete=found.complete,
        measured=found.measured,
        replicas=[
            ReplicaView(
                pod=replica.pod,
                cpu_seconds=replica.cpu_seconds,
                memory=replica.memory,
                processes=replica.processes,
                started_at=datetime.fromisoformat(replica.started_at)
                if replica.started_at
                else None,
            )
            for replica in replicas
        ],
    )


def _minute(minute: measured.Minute) -> MinuteView:
    median, p95, p99 = (measured.percentile(minute.durations, share) for share in SHARES)
    return MinuteView(
        start=datetime.fromtimestamp(minute.start, UTC),
        requests=minute.requests,
        errors=minute.errors,
        median=median,
        p95=p95,
        p99=p99,
    )
