"""The how-to of backups: its commands for a server alone, run as they stand."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "back-up-and-restore.md"


def test_the_commands_for_a_server_alone_work(tmp_path: Path) -> None:
    commands = re.findall(r"^\$ (idp-cli apiserver .*)$", PAGE.read_text(), re.MULTILINE)
    assert [command.split()[2] for command in commands] == ["backup", "restore"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}

    def run(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command.split(),
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    with subprocess.Popen(
        ["idp-cli", "apiserver", "--data", "api"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert any("export KUBECONFIG=" in line for line in server.stdout)
        made = run(commands[0])
        assert made.returncode == 0, made.stderr
        assert "It holds secrets" in made.stdout
        refused = run(commands[1])
        assert (refused.returncode, "Stop it with Ctrl-C" in refused.stderr) == (5, True)
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0
    restored = run(commands[1])
    assert restored.returncode == 0, restored.stderr
    assert "is as it was at" in restored.stdout
