"""Many clients at once: starts them, lets them go together, adds up what they did."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, Self

from benchmarks.apiserver.client import Job, Outcome
from benchmarks.apiserver.servers import Server
from benchmarks.stage import REPOSITORY


@dataclass(frozen=True)
class Rate:
    """What all clients did together.

    Attributes:
        per_second: Requests answered with 2xx.
        server_milliseconds: Processor time of the server, each request.
        client_milliseconds: Processor time of the client, each request.
        median: Milliseconds.
        done: Requests.
    """

    per_second: float
    server_milliseconds: float
    client_milliseconds: float
    median: float
    done: int


def run(server: Server, jobs: Sequence[Job]) -> Rate:
    """Run the clients.

    Raises:
        RuntimeError: A request was not answered with 2xx.
    """
    with ExitStack() as stack:
        clients = [stack.enter_context(Program("client", asdict(job))) for job in jobs]
        for client in clients:
            client.wait_until_ready()
        before = server.processor()
        for client in clients:
            client.go()
        outcomes = [Outcome(**client.outcome()) for client in clients]
        used = server.processor() - before
    for outcome in outcomes:
        if outcome.failed:
            raise RuntimeError(f"{server.name}: {outcome.failed} failed: {outcome.error}")
    return _added(outcomes, used)


class Program:
    """A program of this folder: told what to do, ready, let go, asked what came of it."""

    def __init__(self, name: str, work: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.apiserver.{name}"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._tell(json.dumps(work))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def wait_until_ready(self) -> None:
        """Wait until it has connected."""
        self._hear()

    def go(self) -> None:
        """Let it work."""
        self._tell("go")

    def outcome(self) -> Any:
        """Wait until it has done its work; gives what it wrote."""
        return json.loads(self._hear())

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a client ended with exit code {self._process.wait()}")
        return line


def _added(outcomes: Sequence[Outcome], used: float) -> Rate:
    done = sum(outcome.done for outcome in outcomes)
    return Rate(
        per_second=sum(outcome.done / outcome.seconds for outcome in outcomes),
        server_milliseconds=used * 1000 / done,
        client_milliseconds=sum(outcome.processor for outcome in outcomes) * 1000 / done,
        median=sorted(outcome.milliseconds for outcome in outcomes)[len(outcomes) // 2],
        done=done,
    )
