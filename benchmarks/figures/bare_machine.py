"""From a fresh clone and nothing else to the demo's last line, with downloads."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

from benchmarks.figure import Figure
from benchmarks.stage import REPOSITORY, Stage, free_first_port

DEADLINE = 600.0


async def measure(stage: Stage) -> list[Figure]:
    """Run the quick start as on a machine that has only Python and Git."""
    note = "fresh clone, empty package cache, quick-start.sh --demo --approve"
    return [Figure("Bare machine to the demo's last line", _seconds(stage), "s", 240, note=note)]


def _seconds(stage: Stage) -> float:
    """Clone the commit, and run the quick start with an empty package cache.

    Needs a package index. What is not committed is not measured.

    Raises:
        RuntimeError: The quick start failed; with the end of what it wrote.
    """
    folder = stage.scratch / "bare"
    clone, data = folder / "clone", folder / "data"
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    environment = {**os.environ, "UV_CACHE_DIR": str(folder / "cache"), "NO_COLOR": "1"}
    command = ["scripts/quick-start.sh", "--demo", "--approve", "--yes", "--data", str(data)]
    started = time.monotonic()
    try:
        answer = subprocess.run(
            [*command, "--port", str(free_first_port())],
            cwd=clone,
            env=environment,
            check=False,
            timeout=DEADLINE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if answer.returncode != 0:
            raise RuntimeError(f"the quick start failed: {answer.stderr[-2000:]}")
        return time.monotonic() - started
    finally:
        subprocess.run(
            [".venv/bin/idp-cli", "reset", "--yes", "--data", str(data)],
            cwd=clone,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        shutil.rmtree(folder, ignore_errors=True)
