"""The how-to of the API server alone, run as it stands."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "howto" / "kubernetes-api-without-a-cluster.md"

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not here")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def script(block: str) -> str:
    """What is typed: lines after `$`, and after `>` where they go on."""
    lines = [line for line in block.splitlines() if line.startswith(("$ ", "> "))]
    return "\n".join(line[2:] for line in lines)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(tmp_path)}


@pytest.fixture
def served(tmp_path: Path, environment: dict[str, str]) -> Iterator[None]:
    """The first block, in a terminal of its own."""
    start = script(blocks("console")[0])
    with subprocess.Popen(
        start.split(), cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any("export KUBECONFIG=" in line for line in process.stdout)
        yield
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.mark.usefixtures("served")
def test_every_command_works(tmp_path: Path, environment: dict[str, str]) -> None:
    typed = "\n".join(script(block) for block in blocks("console")[1:])
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", typed],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert re.search(r"deployment.apps/web +0/1", answer.stdout)
    assert answer.stdout.endswith("7"), "the default of the CRD"


def test_the_example_of_a_test_passes(tmp_path: Path, environment: dict[str, str]) -> None:
    (example,) = blocks("python")
    (tmp_path / "test_example.py").write_text(example)
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
