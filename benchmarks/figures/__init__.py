"""The measurements, in the order in which they run and are shown."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from benchmarks.figure import Figure
from benchmarks.figures import (
    api_server,
    bare_machine,
    command_line,
    dependencies,
    findings,
    gateway,
    idle,
    promotion,
    push,
    registry,
    rolling_update,
    scanners,
    signing,
    start,
)
from benchmarks.stage import Stage

Measure = Callable[[Stage], Coroutine[Any, Any, list[Figure]]]

MEASUREMENTS: dict[str, Measure] = {
    "bare-machine": bare_machine.measure,
    "start": start.measure,
    "idle": idle.measure,
    "push": push.measure,
    "promotion": promotion.measure,
    "rolling-update": rolling_update.measure,
    "command-line": command_line.measure,
    "api-server": api_server.measure,
    "registry": registry.measure,
    "dependencies": dependencies.measure,
    "findings": findings.measure,
    "scanners": scanners.measure,
    "signing": signing.measure,
    "gateway": gateway.measure,
}
