"""The delivery metrics of DORA, from the ledger of one environment. Pure.

https://dora.dev/guides/dora-metrics-four-keys/ (with deployment rework rate the fifth).

Rules:
1. A deployment is a promotion that changed what runs: it succeeded, or failed after its commit.
2. It failed when it failed after its commit, or when the next change of the same application that
   succeeded was a rollback.
3. A failed deployment is over when the next promotion or rollback of that application succeeded.
4. Lead time runs from the commit of the source to the end of the deployment.
5. A figure without the facts that it needs is blank and says why; nothing is guessed.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Change:
    """A promotion or rollback that ended.

    Attributes:
        application: `namespace/name`.
        rollback: Whether it went back.
        succeeded: Whether it ended well.
        reached: Whether it changed what runs.
        finished: When it ended.
        committed: When the released commit was made; None when nobody knows any more.
    """

    application: str
    rollback: bool
    succeeded: bool
    reached: bool
    finished: datetime
    committed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure.

    Attributes:
        name: As DORA calls it.
        value: None when it is blank.
        unit: Of the value.
        samples: How many deployments or failures it is made of.
        why: Why it is blank; empty otherwise.
    """

    name: str
    value: float | None
    unit: str
    samples: int
    why: str = ""


LEAD_TIME, FREQUENCY, RECOVERY_TIME, FAIL_RATE, REWORK_RATE = (
    "change lead time",
    "deployment frequency",
    "failed deployment recovery time",
    "change fail rate",
    "deployment rework rate",
)
UNITS = {
    LEAD_TIME: "hours, median",
    FREQUENCY: "a day",
    RECOVERY_TIME: "hours, median",
    FAIL_RATE: "%",
    REWORK_RATE: "%",
}


@dataclass(frozen=True, slots=True)
class _Deployment:
    change: Change
    failed: bool
    recovered: datetime | None


def measure(changes: Iterable[Change], *, since: datetime, until: datetime) -> list[Metric]:
    """The five metrics over the deployments of a period.

    Args:
        changes: Everything that ended in the environment, also outside the period: what came
            after a deployment says whether it failed.
        since: Beginning of the period.
        until: End of the period, later than `since`.
    """
    deployments = [
        deployment
        for deployment in _deployments(changes)
        if since <= deployment.change.finished < until
    ]
    days = (until - since).total_seconds() / 86400
    if not deployments:
        why = "nothing was deployed in this period"
        return [Metric(name, None, unit, 0, why) for name, unit in UNITS.items()]
    failed = [deployment for deployment in deployments if deployment.failed]
    count = len(deployments)
    return [
        _metric(LEAD_TIME, *_lead_time(deployments)),
        _metric(FREQUENCY, count / days, count),
        _metric(RECOVERY_TIME, *_recovery_time(failed)),
        _metric(FAIL_RATE, len(failed) / count * 100, count),
        _metric(REWORK_RATE, None, 0, "promotions do not say which of them fix a defect"),
    ]


def _metric(name: str, value: float | None, samples: int, why: str = "") -> Metric:
    return Metric(name, value, UNITS[name], samples, why)


def _lead_time(deployments: Sequence[_Deployment]) -> tuple[float | None, int, str]:
    hours = [
        (d.change.finished - d.change.committed).total_seconds() / 3600
        for d in deployments
        if d.change.committed is not None
    ]
    if not hours:
        return None, 0, "the releases are gone, and with them the times of their commits"
    return statistics.median(hours), len(hours), ""


def _recovery_time(failed: Sequence[_Deployment]) -> tuple[float | None, int, str]:
    hours = [
        (d.recovered - d.change.finished).total_seconds() / 3600
        for d in failed
        if d.recovered is not None
    ]
    if hours:
        return statistics.median(hours), len(hours), ""
    return None, 0, "no failed deployment is over yet" if failed else "no deployment failed"


def _deployments(changes: Iterable[Change]) -> list[_Deployment]:
    found = []
    ordered = sorted(changes, key=lambda change: (change.application, change.finished))
    for _, group in groupby(ordered, key=lambda change: change.application):
        history = list(group)
        for place, change in enumerate(history):
            if change.reached and not change.rollback:  # Rule 1
                better = next((later for later in history[place + 1 :] if later.succeeded), None)
                failed = not change.succeeded or (better is not None and better.rollback)  # Rule 2
                recovered = better.finished if failed and better is not None else None  # Rule 3
                found.append(_Deployment(change, failed, recovered))
    return found
