from __future__ import annotations

from dataclasses import dataclass

from idp.capabilities.scanning.reports import ScannerReport, complete
from idp.capabilities.scanning.sbom import Bill
from idp.capabilities.scanning.scanners.ports import Scanner, Target, run_all
from idp.kernel.errors import DeadlineExceeded, MissingPrerequisite

TARGET = Target(None, Bill(frozenset(), brings_system=False))


@dataclass
class Fake:
    name: str
    answer: ScannerReport | Exception
    covers: str = "everything"

    async def run(self, target: Target) -> ScannerReport:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_a_scanner_that_fails_is_incomplete_and_the_others_run() -> None:
    told: list[str] = []

    async def report(text: str) -> None:
        told.append(text)

    good = complete("good", "1", [])
    scanners: list[Scanner] = [
        Fake("slow", DeadlineExceeded("slow did not end within 3 s")),
        Fake("absent", MissingPrerequisite("it is not installed", remedy="Install it.")),
        Fake("broken", ZeroDivisionError("secret details")),
        Fake("good", good),
    ]
    slow, absent, broken, last = await run_all(scanners, TARGET, report)
    assert (slow.status, slow.reason) == ("incomplete", "slow did not end within 3 s")
    assert absent.reason == "it is not installed Install it."
    assert (broken.status, broken.reason) == ("incomplete", "it failed: ZeroDivisionError")
    assert last == good
    assert told[-1] == "good looks at everything"
