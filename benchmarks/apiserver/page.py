"""The page `docs/reference/embedded-api-figures.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from benchmarks.apiserver.growth import Size, Watched
from benchmarks.apiserver.rates import Comparison
from benchmarks.figure import number
from benchmarks.machine import Machine

EMBEDDED, REAL = "embedded", "kube-apiserver and etcd"
_INTRODUCTION = """\
# Figures of the embedded Kubernetes API

Measured by `python -m benchmarks.apiserver --write`, which wrote this page: {cores} cores
({processor}), {memory:.0f} GiB of memory, {kernel}, Python {python}. In the minute before,
{load:.1f} other processes on average wanted a core: with more than none, times are longer and rates
lower than on an idle machine; the ratio to the real server, which was measured in turn with
the same clients in the same minutes, and processor time say more.

All requests go over TLS on the loopback interface. Objects are ConfigMaps of 2 KB, and for status
patches custom objects with a schema. A create is answered when it is on the disk, on both servers.
"""
_RATES = """\
## Requests a second

16 clients, each a process with one connection, ask one request after the other; the median of
three rounds. *Processor time* is that of the server (of etcd too) for each request; a client takes
{client:.2f} ms for one, so that on two cores a server that answers faster has less of them left.

| Requests | Embedded | {real} | Ratio | Goal | Processor time | {real} | Ratio |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""
_STARTS = """\
## Start, memory, lists, watches

| Figure | Embedded | Goal | {real} |
| --- | --- | --- | --- |
"""
_GROWTH = """\
## Growth of the embedded API

{clients} clients load, then the server is started again and lists all objects. Memory is PSS.

| Objects | Loaded at | Memory then | Ready after a restart | Memory then | List of all | Its size |
| --- | --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Measured:
    """Everything that was measured; what the real server did is empty when it was not found.

    Attributes:
        comparisons: Rates.
        sizes: By server: growth, 0 and 10,000 objects among the sizes.
        watched: By server.
    """

    comparisons: Sequence[Comparison]
    sizes: Mapping[str, Sequence[Size]]
    watched: Mapping[str, Watched]

    def at(self, server: str, objects: int) -> Size | None:
        """The size that comes nearest to so many objects; None for a server that did not run."""
        sizes = self.sizes.get(server)
        return min(sizes, key=lambda s: abs(s.objects - objects)) if sizes else None


def page(machine: Machine, measured: Measured) -> str:
    """For readers."""
    parts = [_INTRODUCTION.format(**asdict(machine))]
    clients = [c.rates[EMBEDDED].client_milliseconds for c in measured.comparisons]
    parts.append(_RATES.format(client=max(clients), real=REAL) + "\n".join(_rates(measured)) + "\n")
    parts.append(_STARTS.format(real=REAL) + "\n".join(_starts(measured)) + "\n")
    parts.append(_GROWTH.format(clients=16) + "\n".join(_growth(measured)) + "\n")
    return "\n".join(parts)


def missed(measured: Measured) -> list[str]:
    """Names of the goals that were not reached."""
    rows = [*_rates(measured), *_starts(measured)]
    return [row.split("|")[1].strip() for row in rows if "(missed)" in row]


def _rates(measured: Measured) -> Iterator[str]:
    for comparison in measured.comparisons:
        mine = comparison.rates[EMBEDDED]
        theirs = comparison.rates.get(REAL)
        cells = [f"{comparison.name}", f"{number(mine.per_second)} /s"]
        if theirs is None:
            cells += ["", "", "3 times", f"{mine.server_milliseconds:.2f} ms", "", ""]
        else:
            ratio = comparison.ratio(EMBEDDED, REAL)
            cells += [
                f"{number(theirs.per_second)} /s",
                f"{ratio:.1f}" + ("" if ratio >= 3 else " (missed)"),
                "3 times",
                f"{mine.server_milliseconds:.2f} ms",
                f"{theirs.server_milliseconds:.2f} ms",
                f"{theirs.server_milliseconds / mine.server_milliseconds:.1f}",
            ]
        yield f"| {' | '.join(cells)} |"


def _starts(measured: Measured) -> Iterator[str]:
    for objects, ready, memory in ((0, 0.5, 70), (10_000, 1.5, 180)):
        what = "empty" if not objects else "with 10,000 objects"
        both = [measured.at(server, objects) for server in (EMBEDDED, REAL)]
        yield _row(f"Ready, {what}", "s", ready, _each(both, "ready_seconds"))
        yield _row(f"Memory (PSS), {what}", "MB", memory, _each(both, "memory"))
        yield _row(f"Memory (RSS), {what}", "MB", None, _each(both, "resident"))
        if objects:
            lists = _each(both, "list_milliseconds")
            yield _row("List of 10,000 objects", "ms", 100, lists)
    seen = [measured.watched.get(server) for server in (EMBEDDED, REAL)]
    late = "A change to one of 50 watches, 99 of 100"
    yield _row("A change to one of 50 watches, median", "ms", None, _each(seen, "median"))
    yield _row(late, "ms", 20, _each(seen, "late"))
    yield _row("Memory of 500 idle watches", "MB", None, _each(seen, "idle_memory"))


def _each(measured: Sequence[object | None], field: str) -> list[float | None]:
    return [getattr(one, field, None) for one in measured]


def _row(name: str, unit: str, goal: float | None, values: Sequence[float | None]) -> str:
    value, other = values
    assert value is not None, "the embedded server was measured"
    cells = [
        name,
        f"{number(value)} {unit}" + (" (missed)" if goal is not None and value > goal else ""),
        "" if goal is None else f"{number(goal)} {unit}",
        "" if other is None else f"{number(other)} {unit}",
    ]
    return f"| {' | '.join(cells)} |"


def _growth(measured: Measured) -> Iterator[str]:
    for size in measured.sizes[EMBEDDED]:
        cells = [
            f"{size.objects:,}",
            f"{number(size.loaded / size.load_seconds)} /s" if size.loaded else "",
            f"{number(size.memory_loaded)} MB" if size.loaded else "",
            f"{size.ready_seconds:.2f} s",
            f"{number(size.memory)} MB",
            f"{number(size.list_milliseconds)} ms",
            f"{number(size.list_bytes / 1e6)} MB",
        ]
        yield f"| {' | '.join(cells)} |"
