"""The history of findings and the verdict, each by itself."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy

from benchmarks.figure import Figure
from benchmarks.stage import Stage
from idp.capabilities.promotion.decide import builtin, rego
from idp.capabilities.promotion.decide import evidence as judged
from idp.capabilities.promotion.decide.verdict import Case
from idp.capabilities.scanning.capability import CAPABILITY
from idp.capabilities.scanning.history.ingest import Scan, ingest
from idp.capabilities.scanning.history.queries import Filter, list_findings
from idp.capabilities.scanning.kinds import DEMANDED, DueDays, SecurityProfileSpec
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete
from idp.kernel.database import open_database
from idp.protocols.rego import evaluate

STORED, REPORT = 100_000, 1000
NOW = "2026-11-25T00:00:00Z"
RUNS = 9


async def measure(stage: Stage) -> list[Figure]:
    """A history of many findings; a report that is mostly known; the lists that people ask for."""
    database = open_database(f"sqlite:///{stage.scratch}/findings.db", CAPABILITY.migrations)
    for number in range(STORED // REPORT):
        _ingest(database, f"app-{number}", f"first-{number}", _report(0))
    figures = [
        Figure(
            f"Findings: a report of {REPORT:,} among {STORED:,}",
            _median(lambda run: _ingest(database, "app-7", f"again-{run}", _report(run))) / 1000,
            "s",
            1.0,
            note="one in a hundred new, one fixed; durable",
        )
    ]
    for words, wanted in (
        ("open and critical ones, everywhere", Filter(state="open", band="critical")),
        ("the worst of one application", Filter("demo", "app-7", "open")),
        ("one advisory, everywhere", Filter(name="GHSA-500")),
        ("the overdue ones, everywhere", Filter(overdue=True)),
    ):
        figures.append(
            Figure(
                f"Findings: list {words}, of {STORED:,}",
                _median(_listing(database, wanted)),
                "ms",
                50.0,
                note="100 rows at most",
            )
        )
    database.dispose()
    return [*figures, *_verdicts()]


def _listing(database: sqlalchemy.Engine, wanted: Filter) -> Callable[[int], object]:
    return lambda _: list_findings(database, wanted, NOW)


def _verdicts() -> list[Figure]:
    case = _case()
    return [
        Figure(f"Verdict over {REPORT:,} findings: {name}", _median(judge), "ms", limit)
        for name, judge, limit in (
            ("built in", lambda _: builtin.verdict(case), 50.0),
            ("Rego", lambda _: rego.verdict(case, evaluate), 1000.0),
        )
    ]


def _case() -> Case:
    digest = "sha256:" + "a" * 64
    now = datetime.fromisoformat(NOW)
    findings = tuple(judged.Finding(f"F-{n}", n % 100 / 10, "lib") for n in range(REPORT))
    report = judged.ScannerReport("dependencies", "findings", "", findings, now)
    items = [judged.EvidenceItem(kind, digest, "development") for kind in DEMANDED]
    evidence = judged.Evidence(digest, items, (), (report,))
    return Case("app", evidence, SecurityProfileSpec(), (), now.astimezone(UTC))


def _report(run: int) -> ScannerReport:
    """A report of one scanner; every later run leaves ten out and brings ten."""
    numbers = range(run * REPORT // 100, REPORT + run * REPORT // 100)
    return complete(
        "dependencies",
        "1",
        [
            Finding(
                id=f"GHSA-{n}",
                aliases=[f"CVE-2026-{n + 10000}"],
                package=f"package-{n % 200}",
                version="1.0",
                severity=None if n % 50 == 0 else n % 100 / 10,
                summary="What is wrong with it, in a sentence of an ordinary length.",
            )
            for n in numbers
        ],
    )


def _ingest(database: sqlalchemy.Engine, application: str, uid: str, report: ScannerReport) -> None:
    scan = Scan(uid, "demo", application, "sha256:1", "2026-10-01T00:00:00Z", "ada", DueDays())
    assert ingest(database, scan, [report])


def _median(work: Callable[[int], object]) -> float:
    """Median milliseconds of several runs; each gets its number, from 1."""
    durations = []
    for run in range(1, RUNS + 1):
        started = time.monotonic()
        work(run)
        durations.append((time.monotonic() - started) * 1000)
    return statistics.median(durations)
