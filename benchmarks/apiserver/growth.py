"""How one server grows: load, memory, restart and list at more and more objects."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass

from benchmarks.apiserver import workload
from benchmarks.apiserver.client import Connection, requests
from benchmarks.apiserver.driver import Program, run
from benchmarks.apiserver.servers import Server

Start = Callable[[], AbstractContextManager[Server]]
"""Starts a server on what it kept."""
WATCHERS, CHANGES, IDLE_WATCHERS = 50, 40, 500
SETTLE_SECONDS = 1.0
REPEATS = 5


@dataclass(frozen=True)
class Size:
    """A server with so many ConfigMaps of 2 KB.

    Attributes:
        objects: How many.
        load_seconds: In which the last of them were created by 16 clients.
        loaded: How many were created in that time.
        memory_loaded: PSS behind that, in MB; lists and watches of the load included.
        ready_seconds: Of a start with all of them.
        memory: PSS of the started server, before its first request, in MB.
        resident: RSS then.
        list_milliseconds: Of one list of all of them, as one client sees it.
        list_bytes: Size of the answer.
    """

    objects: int
    load_seconds: float
    loaded: int
    memory_loaded: float
    ready_seconds: float
    memory: float
    resident: float
    list_milliseconds: float
    list_bytes: int


@dataclass(frozen=True)
class Watched:
    """What watches cost.

    Attributes:
        median: Milliseconds from before a change is sent until one of 50 watches has it.
        late: The same, for 99 of 100.
        idle_memory: MB by which 500 idle watches make the server's PSS grow.
    """

    median: float
    late: float
    idle_memory: float


def grow(start: Start, sizes: Sequence[int], say: Callable[[str], None]) -> list[Size]:
    """Load up to each size, measure, and go on; the first size is usually 0."""
    found, present = [], 0
    for size in sizes:
        seconds = loaded_memory = 0.0
        with start() as server:
            if size > present:
                each = (size - present) // workload.CLIENTS
                jobs = workload.creates(server, f"to-{size}", seconds=3600, count=each)
                began = time.monotonic()
                loaded = run(server, jobs).done
                seconds = time.monotonic() - began
                loaded_memory = server.memory()[0]
            else:
                loaded = 0
        present += loaded
        found.append(_measured(start, present, seconds, loaded, loaded_memory))
        say(str(found[-1]))
    return found


def _measured(
    start: Start, objects: int, seconds: float, loaded: int, loaded_memory: float
) -> Size:
    ready, memory, resident = [], 0.0, 0.0
    for _ in range(3):
        with start() as server:
            ready.append(server.ready_seconds)
            time.sleep(SETTLE_SECONDS)
            memory, resident = server.memory()
            milliseconds, size = _list(server)
    return Size(
        objects,
        seconds,
        loaded,
        loaded_memory,
        statistics.median(ready),
        memory,
        resident,
        milliseconds,
        size,
    )


def _list(server: Server) -> tuple[float, int]:
    """Milliseconds of a list (the median), and its bytes."""
    job = workload.job(server, "GET", workload.CONFIG_MAPS)
    before, behind = requests(job)
    connection = Connection(job)
    found = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        status, body = connection.ask(before + job.paths[0].encode() + behind + b"\r\n\r\n")
        found.append((time.perf_counter() - started) * 1000)
        assert status == 200, body[:300]
    return statistics.median(found), len(body)


def watch(server: Server) -> Watched:
    """Measure fan-out and idle watches."""
    run(server, workload.creates(server, "watched", seconds=60, count=1))
    job = workload.job(
        server,
        "PATCH",
        f"{workload.CONFIG_MAPS}/watched-0-0",
        content_type="application/merge-patch+json",
        body="given with each change",
    )
    before, behind = requests(workload.job(server, "GET", workload.CONFIG_MAPS))
    path = f"{workload.CONFIG_MAPS}?limit=1".encode()
    answer = Connection(job).ask(before + path + behind + b"\r\n\r\n")[1]
    version = json.loads(answer)["metadata"]["resourceVersion"]
    work = {"job": asdict(job), "version": version}
    with Program("watchers", {**work, "watches": WATCHERS, "changes": CHANGES}) as program:
        program.wait_until_ready()
        program.go()
        delays = program.outcome()
    memory = server.memory()[0]
    with Program("watchers", {**work, "watches": IDLE_WATCHERS, "changes": 0}) as program:
        program.wait_until_ready()
        time.sleep(SETTLE_SECONDS)
        idle = server.memory()[0] - memory
    hundredths = statistics.quantiles(delays, n=100)
    return Watched(hundredths[49], hundredths[98], idle)
