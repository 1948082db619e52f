"""The match of a bill of materials against advisories, by itself."""

from __future__ import annotations

import random
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson

from benchmarks.figure import Figure
from benchmarks.stage import Stage
from idp.capabilities.scanning.advisories import AdvisoryDatabase
from idp.capabilities.scanning.importing import import_advisories
from idp.capabilities.scanning.sbom import Bill
from idp.capabilities.scanning.scanners.dependencies import Dependencies
from idp.capabilities.scanning.versions import version_key

PACKAGES, ADVISORIES = 1000, 50_000
RUNS = 5
_ECOSYSTEMS = ("PyPI", "npm", "Go", "Maven", "RubyGems", "crates.io", "Debian:12")


async def measure(stage: Stage) -> list[Figure]:
    """Import made-up advisories about ten times as many packages as are matched; match cold."""
    source = stage.scratch / "advisories.jsonl"
    _write_advisories(source)
    database = AdvisoryDatabase(stage.scratch / "advisories.db")
    started = time.monotonic()
    import_advisories(database, source)
    importing = time.monotonic() - started
    bill = Bill(
        frozenset(
            (_ECOSYSTEMS[n % len(_ECOSYSTEMS)], f"package-{n}", f"{n % 5}.{n % 20}.{n % 7}")
            for n in range(PACKAGES)
        ),
        brings_system=False,
    )
    scanner = Dependencies(database, 7)
    durations, found = [], 0
    for _ in range(RUNS):
        version_key.cache_clear()
        started = time.monotonic()
        found = len(scanner.match(bill).findings)
        durations.append(time.monotonic() - started)
    database.close()
    assert found > PACKAGES
    what = f"Advisories: {PACKAGES:,} packages against {ADVISORIES:,}"
    return [
        Figure(what, statistics.median(durations) * 1000, "ms", 300.0, note=f"{found:,} findings"),
        Figure(f"Advisories: import {ADVISORIES:,}", importing, "s"),
    ]


def _write_advisories(path: Path) -> None:
    choose = random.Random(7)
    modified = datetime.now(UTC).isoformat()
    with path.open("wb") as file:
        for number in range(ADVISORIES):
            package = number % (PACKAGES * 10)
            fixed = f"{choose.randrange(6)}.{choose.randrange(25)}.{choose.randrange(9)}"
            record = {
                "id": f"GHSA-{number}",
                "modified": modified,
                "aliases": [f"CVE-2026-{number}"],
                "summary": "Made up",
                "severity": [
                    {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
                ],
                "affected": [
                    {
                        "package": {
                            "ecosystem": _ECOSYSTEMS[package % len(_ECOSYSTEMS)],
                            "name": f"package-{package}",
                        },
                        "ranges": [
                            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}
                        ],
                    }
                ],
            }
            file.write(orjson.dumps(record) + b"\n")
