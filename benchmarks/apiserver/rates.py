"""Requests a second, all servers in turn, several rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.apiserver import workload
from benchmarks.apiserver.client import Job
from benchmarks.apiserver.driver import Rate, run
from benchmarks.apiserver.servers import Server

SECONDS = 3.0
ROUNDS = 3


@dataclass(frozen=True)
class Comparison:
    """One kind of request on every server.

    Attributes:
        name: Of the kind of request.
        rates: By name of the server, the median of the rounds.
    """

    name: str
    rates: dict[str, Rate]

    def ratio(self, one: str, other: str) -> float:
        """How many times the requests a second of another server a server answers."""
        return self.rates[one].per_second / self.rates[other].per_second


def compare(servers: Sequence[Server], say: Callable[[str], None]) -> list[Comparison]:
    """Measure creates, status patches and gets.

    In each round every server does the same, one after the other: what else the machine does in
    the meantime, it does to all of them.
    """
    for server in servers:
        workload.prepare(server)
    found: dict[str, dict[str, list[Rate]]] = {}
    for number in range(ROUNDS):
        for name in ("creates", "status patches", "gets"):
            for server in servers:
                rate = run(server, _jobs(name, server, number))
                say(f"{name}, {server.name}: {rate.per_second:,.0f} 1/s")
                found.setdefault(name, {}).setdefault(server.name, []).append(rate)
    return [
        Comparison(name, {server: _median(rates) for server, rates in by_server.items()})
        for name, by_server in found.items()
    ]


def _jobs(name: str, server: Server, number: int) -> list[Job]:
    if name == "creates":
        return workload.creates(server, f"round-{number}", seconds=SECONDS)
    if name == "status patches":
        return workload.status_patches(server, (number + 1) * 1_000_000, seconds=SECONDS)
    return workload.gets(server, seconds=SECONDS)


def _median(rates: Sequence[Rate]) -> Rate:
    return Rate(
        per_second=statistics.median(rate.per_second for rate in rates),
        server_milliseconds=statistics.median(rate.server_milliseconds for rate in rates),
        client_milliseconds=statistics.median(rate.client_milliseconds for rate in rates),
        median=statistics.median(rate.median for rate in rates),
        done=sum(rate.done for rate in rates),
    )
