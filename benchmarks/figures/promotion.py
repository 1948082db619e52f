"""A promotion that waits for nobody: from its creation in staging to its success."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.figure import Figure
from benchmarks.pushes import promotion_seconds, push_change
from benchmarks.stage import Stage
from idp.capabilities.environments.kinds import PromotionPipeline
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig

PROMOTIONS = 3
ENVIRONMENT = "staging"
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
ALL_DAY = {"zone": "UTC", "open": [{"days": DAYS, "start": "00:00", "end": "00:00"}]}
GATES: list[dict[str, Any]] = [
    {"name": "hours", "window": ALL_DAY},
    {"name": "rego", "rego": {"module": "package idp.gate\n\ndefault allow := true\n"}},
    {"name": "cel", "cel": {"expression": "environment == 'staging'"}},
    {"name": "speed", "performance": {"requests": 20, "maxLatencyRatio": 100}},
]
"""All that decide here and now: a soak time is a wait, and the others ask somebody else."""


async def measure(stage: Stage) -> list[Figure]:
    """Push, and follow what staging makes of it: without gates of its own, then with them."""
    assert stage.demo_seconds
    plain = await _durations(stage)
    former = await _set_gates(stage, GATES)
    try:
        gated = await _durations(stage)
    finally:
        await _set_gates(stage, former)
    return [
        _figure("Promotion without a human wait", plain, "every step"),
        _figure(
            "Promotion through gates, without a human wait",
            gated,
            "freeze, window, Rego, CEL, performance before and after",
        ),
    ]


def _figure(name: str, durations: list[float], how: str) -> Figure:
    note = f"{how}; median of {PROMOTIONS}; slowest {max(durations):.1f} s"
    return Figure(name, statistics.median(durations), "s", 10, note=note)


async def _durations(stage: Stage) -> list[float]:
    durations = []
    for _ in range(PROMOTIONS):
        change = await push_change(stage)
        durations.append(await promotion_seconds(stage, ENVIRONMENT, change))
    return durations


async def _set_gates(stage: Stage, gates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Change the rules before the environment; gives the former gates."""
    kubeconfig = stage.layout.instance(ENVIRONMENT).kubeconfig
    client = HttpClient(settings_from_kubeconfig(kubeconfig))
    try:
        former = await client.get(PromotionPipeline.type(), "default")
        await client.patch(PromotionPipeline.type(), "default", {"spec": {"gates": gates}})
    finally:
        await client.close()
    return list(former["spec"].get("gates") or [])
