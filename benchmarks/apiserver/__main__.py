"""`python -m benchmarks.apiserver`: the embedded Kubernetes API beside a real API server."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.apiserver.growth import Start, grow, watch
from benchmarks.apiserver.page import EMBEDDED, REAL, Measured, missed, page
from benchmarks.apiserver.rates import compare
from benchmarks.apiserver.servers import embedded, real, real_binaries
from benchmarks.machine import this_machine
from benchmarks.stage import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "embedded-api-figures.md"
SIZES = (0, 10_000, 20_000, 50_000, 100_000)
COMPARED = 10_000
"""Up to how many objects the real server is loaded."""


def main() -> None:
    """Measure and show; exit code 1 when a goal is not reached."""
    arguments = _parser().parse_args()
    machine = this_machine()
    folder = Path(tempfile.mkdtemp(prefix="idp-apiserver-"))
    try:
        measured = _measure(folder, [size for size in SIZES if size <= arguments.objects])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = page(machine, measured)
    print(text)
    if arguments.write:
        PAGE.write_text(text)
    if failed := missed(measured):
        sys.exit(f"goals that were not reached: {', '.join(failed)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.apiserver",
        description="Measure the embedded Kubernetes API. A real kube-apiserver and etcd are "
        "measured too when they are found: in the folder KUBEBUILDER_ASSETS, else in PATH.",
    )
    parser.add_argument(
        "--objects", type=int, default=SIZES[-1], help="up to how many (default: %(default)s)"
    )
    parser.add_argument(
        "--write", action="store_true", help=f"write {PAGE.relative_to(REPOSITORY)}"
    )
    return parser


def _measure(folder: Path, sizes: Sequence[int]) -> Measured:
    binaries = real_binaries()
    if binaries is None:
        _say("no etcd and kube-apiserver in KUBEBUILDER_ASSETS or PATH: nothing to compare with")
    starts = {EMBEDDED: _start(folder, EMBEDDED)}
    if binaries is not None:
        starts[REAL] = _start(folder, REAL)
    with ExitStack() as stack:
        servers = [stack.enter_context(_start(folder / "rates", name)()) for name in starts]
        comparisons = compare(servers, _say)
        watched = {server.name: watch(server) for server in servers}
    grown = {
        name: grow(start, [s for s in sizes if name == EMBEDDED or s <= COMPARED], _say)
        for name, start in starts.items()
    }
    return Measured(comparisons, grown, watched)


def _start(folder: Path, name: str) -> Start:
    if name == EMBEDDED:
        return partial(embedded, folder / "embedded")
    binaries = real_binaries()
    assert binaries is not None
    return partial(real, folder / "real", binaries)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
