"""What a scanner is, and how scanners are run.

Rules:
1. A scanner that raises, whatever it is, has not looked: it is `incomplete`, with the reason.
2. A scanner never makes another one's report worse.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from idp.capabilities.scanning.image import Image
from idp.capabilities.scanning.reports import ScannerReport, incomplete
from idp.capabilities.scanning.sbom import Bill
from idp.kernel.errors import IdpError, Invalid

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """What is scanned.

    Attributes:
        sources: Folder with the application's own files, laid out as in the image; None when the
            image does not say which those are.
        bill: What the image is made of.
        image: The image itself; None where only its bill of materials is at hand.
    """

    sources: Path | None
    bill: Bill
    image: Image | None = None

    def require_image(self) -> Image:
        """The image itself.

        Raises:
            Invalid: It is not at hand.
        """
        if self.image is None:
            raise Invalid("the image itself is not at hand, only what it is made of")
        return self.image

    def require_sources(self) -> Path:
        """The folder of the application's own files.

        Raises:
            Invalid: It is not known which those are.
        """
        if self.sources is None:
            raise Invalid(
                "the image does not say where its application lives",
                remedy="Set the image's working directory to the application's folder.",
            )
        return self.sources


class Scanner(Protocol):
    """One scanner."""

    @property
    def name(self) -> str:
        """By which its gaps are accepted; never changes."""
        ...

    @property
    def covers(self) -> str:
        """What it looks at, for people."""
        ...

    async def run(self, target: Target) -> ScannerReport:
        """Scan. Raises `IdpError` when it cannot look at everything and has nothing to say."""
        ...


async def run_all(
    scanners: Sequence[Scanner], target: Target, report: Callable[[str], Awaitable[None]]
) -> list[ScannerReport]:
    """Run scanners one after the other; each gives a report.

    Args:
        scanners: Which.
        target: On what.
        report: Told what is being done.
    """
    reports = []
    for scanner in scanners:
        await report(f"{scanner.name} looks at {scanner.covers}")
        reports.append(await _run(scanner, target))
    return reports


async def _run(scanner: Scanner, target: Target) -> ScannerReport:
    try:
        return await scanner.run(target)
    except IdpError as error:
        remedy = f" {error.remedy}" if error.remedy else ""
        return incomplete(scanner.name, f"{error.message}{remedy}")
    except Exception as error:  # rule 1
        log.exception("a scanner failed", scanner=scanner.name)
        return incomplete(scanner.name, f"it failed: {type(error).__name__}")
