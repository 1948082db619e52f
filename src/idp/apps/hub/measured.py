"""What is measured of an application on this machine: its requests and its processes.

Requests are those that the instance's gateway wrote to its access log; processes are those of the
replicas' containers, as the instance's records name them and `/proc` counts them. An instance whose
engines run elsewhere leaves nothing here to measure. All functions block.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from idp.apps.platform.layout import InstanceLayout
from idp.embedded.gateway.bootstrap import ACCESS_LOG
from idp.embedded.workloads.pods import proc

LOG_TAIL = 8 << 20
"""Bytes of the log that are looked through, newest first; a busy hour may be more."""
_CHUNK = 1 << 20
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Minute:
    """The requests of one minute.

    Attributes:
        start: Seconds since 1970.
        requests: How many ended in it.
        errors: How many of them with a status of 500 or more, or without an answer.
        durations: Milliseconds of each.
    """

    start: int
    requests: int = 0
    errors: int = 0
    durations: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests to an application.

    Attributes:
        minutes: Those with requests, oldest first.
        complete: Whether the log reaches back to the beginning of the time asked for.
        measured: Whether there is a log at all.
    """

    minutes: list[Minute]
    complete: bool
    measured: bool


@dataclass(frozen=True, slots=True)
class Replica:
    """The processes of one replica.

    Attributes:
        pod: Its name.
        cpu_seconds: Time on processors since its processes started.
        memory: Bytes that only they hold.
        processes: How many there are.
        started_at: When its container started, RFC 3339.
    """

    pod: str
    cpu_seconds: float
    memory: int
    processes: int
    started_at: str


def requests(layout: InstanceLayout, namespace: str, application: str, since: float) -> Requests:
    """The requests since a moment (seconds since 1970), by minute."""
    wanted = f"{namespace}/{application}:"
    minutes: dict[int, Minute] = {}
    path = layout.gateway / ACCESS_LOG
    if not path.exists():
        return Requests([], complete=True, measured=False)
    former = path.with_name(f"{path.name}.1")
    seen, reached = 0, False
    for file in (path, former):
        if reached or seen >= LOG_TAIL:
            break
        for line in _backwards(file, LOG_TAIL - seen):
            seen += len(line) + 1
            ended = _ended(line)
            if ended is None:
                continue
            entry, moment = ended
            if moment < since:
                reached = True
                break
            if str(entry.get("application", "")).startswith(wanted):
                _count(minutes, entry, moment)
    return Requests(
        [minutes[start] for start in sorted(minutes)],
        # What is older than the former file is gone.
        complete=reached or (not former.exists() and path.stat().st_size <= LOG_TAIL),
        measured=True,
    )


def _ended(line: bytes) -> tuple[dict[str, Any], float] | None:
    """An entry of the log and when its request began; None for what is no entry."""
    try:
        entry = orjson.loads(line)
        return entry, datetime.fromisoformat(entry["time"]).timestamp()
    except (ValueError, KeyError, TypeError):
        return None


def _count(minutes: dict[int, Minute], entry: dict[str, Any], moment: float) -> None:
    start = int(moment // 60) * 60
    minute = minutes.setdefault(start, Minute(start))
    status = int(entry.get("status") or 0)
    minute.requests += 1
    minute.errors += status >= 500 or status == 0
    minute.durations.append(float(entry.get("milliseconds") or 0))


def _backwards(path: Path, limit: int) -> Iterator[bytes]:
    """The lines of a file, last first, from its last `limit` bytes."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        position = file.seek(0, os.SEEK_END)
        stop, rest = max(0, position - limit), b""
        while position > stop:
            start = max(stop, position - _CHUNK)
            file.seek(start)
            lines = (file.read(position - start) + rest).split(b"\n")
            rest, position = lines[0], start
            yield from filter(None, reversed(lines[1:]))
        if stop == 0 and rest:
            yield rest


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least `share` of all do not exceed; None without values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)]


def replicas(layout: InstanceLayout, namespace: str, application: str) -> list[Replica]:
    """The replicas whose processes run here, by the pod's name."""
    pods = layout.workloads / "pods"
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in pods.glob(f"{namespace}_{application}-*/containers/*/record.json"):
        pod = record.parents[2].name.removeprefix(f"{namespace}_").rpartition("_")[0]
        # The names of a Deployment's pods: its own, the template's hash, five more characters.
        if pod.rsplit("-", 2)[0] != application:
            continue
        try:
            found[pod].append(orjson.loads(record.read_bytes()))
        except (OSError, ValueError):  # deleted meanwhile, or being written
            continue
    running = [_replica(pod, records) for pod, records in sorted(found.items())]
    return [replica for replica in running if replica.processes]


def _replica(pod: str, records: list[dict[str, Any]]) -> Replica:
    pids: list[int] = []
    for record in records:
        process = record.get("process") or {}
        if process and proc.is_same(process["pid"], process["ticks"]):
            pids += proc.tree(process["pid"])
    return Replica(
        pod=pod,
        cpu_seconds=sum(map(_cpu_seconds, pids)),
        memory=proc.memory_bytes(pids),
        processes=len(pids),
        started_at=min((str(r.get("started_at") or "") for r in records), default=""),
    )


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process and of its children that have ended (proc(5))."""
    try:
        text = (proc.PROC / str(pid) / "stat").read_text()
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
