"""The scanners of the development profile over the larger example, by themselves."""

from __future__ import annotations

import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.stage import Stage
from idp.capabilities.scanning.advisories import AdvisoryDatabase
from idp.capabilities.scanning.image import Image
from idp.capabilities.scanning.layers import File
from idp.capabilities.scanning.packages import catalogue
from idp.capabilities.scanning.sbom import read_bill, source_bill
from idp.capabilities.scanning.scanners.bandit import Bandit
from idp.capabilities.scanning.scanners.dependencies import Dependencies
from idp.capabilities.scanning.scanners.image import ImageRules
from idp.capabilities.scanning.scanners.infrastructure import Infrastructure
from idp.capabilities.scanning.scanners.ports import Scanner, Target, run_all
from idp.capabilities.scanning.scanners.secrets import Secrets
from idp.capabilities.scanning.tree import read_tree

EXAMPLE = Path(__file__).parents[2] / "examples" / "datasette"


async def measure(stage: Stage) -> list[Figure]:
    """All scanners, one after the other as in a push, each telling what it looks at."""
    bill = read_bill(
        source_bill("example", catalogue(read_tree(EXAMPLE), installed=False), version("idp"))
    )
    files = {
        f"app/{path.relative_to(EXAMPLE).as_posix()}": File(
            path.stat().st_size, "", mode=path.stat().st_mode & 0o7777
        )
        for path in EXAMPLE.rglob("*")
        if path.is_file()
    }
    image = Image("demo/example", "sha256:" + "0" * 64, {"config": {"WorkingDir": "/app"}}, files)
    database = AdvisoryDatabase(stage.scratch / "no-advisories.db")
    scanners: list[Scanner] = [
        Bandit(),
        Secrets(),
        ImageRules(),
        Infrastructure(),
        Dependencies(database, 7),
    ]
    progress: list[str] = []

    async def report(message: str) -> None:
        progress.append(message)

    started = time.monotonic()
    reports = await run_all(scanners, Target(EXAMPLE, bill, image), report)
    elapsed = time.monotonic() - started
    database.close()
    assert [r.name for r in reports if r.status == "incomplete"] == ["dependencies"], reports
    assert len(progress) == len(scanners)
    note = f"{len(scanners)} scanners over {len(files)} files, without reading the layers"
    return [
        Figure("Scanners: the development profile on an example", elapsed, "s", 30.0, note=note)
    ]
