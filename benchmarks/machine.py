"""Which machine was measured."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on.

    Attributes:
        cores: Cores that this process may use.
        memory: In GiB.
        processor: Its name, as the kernel gives it.
        kernel: Name and version.
        python: Version.
        load: How many processes wanted a core in the minute before the run; over 0 the machine did
            other things as well, and wall times are longer than on an idle one.
    """

    cores: int
    memory: float
    processor: str
    kernel: str
    python: str
    load: float


def this_machine() -> Machine:
    """Look at the machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory=pages / 2**30,
        processor=_processor(),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load=os.getloadavg()[0],
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
