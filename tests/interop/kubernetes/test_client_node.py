"""The official JavaScript client: typed calls, server-side apply, an informer."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command_line import CommandLine

SOURCE = Path(__file__).parent / "node"
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(NODE is None or shutil.which("npm") is None, reason="needs node and npm"),
]


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest) -> Path:
    """The folder with the client installed; kept between runs until the lock changes."""
    lock = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = request.config.cache
    assert cache is not None
    folder = cache.mkdir(f"client-node-{lock}")
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
    if not (folder / "node_modules" / ".package-lock.json").exists():
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return folder


def test_an_informer_sees_what_happens(
    installed: Path, command_line: Callable[[Path], CommandLine]
) -> None:
    node = command_line(Path(NODE or "node"))
    said = json.loads(node(str(installed / "informer.mjs"), node.namespace))
    assert said == {
        "seen": ["add a", "update 2", "add b", "delete a"],
        "conflict": 409,
        "applied": "b",
        "typed": True,
    }
