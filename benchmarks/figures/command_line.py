"""Processor time of `idp-cli --help`, beside the interpreter alone."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

from benchmarks.figure import Figure, Peer
from benchmarks.stage import CLI, Stage

RUNS = 7


async def measure(_stage: Stage) -> list[Figure]:
    """Run each a few times."""
    help_ = statistics.median(_milliseconds([str(CLI), "--help"]) for _ in range(RUNS))
    python = statistics.median(_milliseconds([sys.executable, "-c", ""]) for _ in range(RUNS))
    return [
        Figure(
            "`idp-cli --help`, processor time",
            help_,
            "ms",
            250,
            Peer("`python -c ''`", python),
            note=f"median of {RUNS}",
        )
    ]


def _milliseconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000
