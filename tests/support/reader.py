"""A reader of the documentation: types its commands into a shell."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from support.platform import CLI, Platform

_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def commands_of(page: Path) -> list[str]:
    """What stands behind the prompts of a page, in order."""
    blocks = _BLOCK.findall(page.read_text())
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def typed(command: str, folder: Path, platform: Platform) -> str:
    """Run a command in a folder; gives what it wrote. It must succeed, and is asked nothing."""
    answer = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        stdin=subprocess.DEVNULL,
        env={
            **os.environ,
            "IDP_DATA": str(platform.data),
            "PATH": f"{CLI.parent}:{os.environ['PATH']}",
            "GIT_TERMINAL_PROMPT": "0",
            "NO_COLOR": "1",
        },
    )
    assert answer.returncode == 0, f"$ {command}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout
