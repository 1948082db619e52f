"""Other people's programs, run against a server of ours."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

EVERYTHING = os.environ.get("IDP_INTEROP") == "all"
"""Run what is too slow for every run, too. See CONTRIBUTING.md."""
_SECONDS = 60


class Failed(Exception):
    """A command ended with an error; the text is what it said."""


class CommandLine:
    """A program with the server's kubeconfig and a home of its own.

    Attributes:
        path: Of the program.
        namespace: That `kubectl`-like commands work in.
        folder: Working folder and home.
    """

    def __init__(self, path: Path, namespace: str, environment: dict[str, str], folder: Path):
        self.path = path
        self.namespace = namespace
        self._environment = environment
        self.folder = folder

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        """Run it; gives what it printed. Raises `Failed`."""
        result = subprocess.run(
            [self.path, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={**self._environment, **environment},
            timeout=_SECONDS,
            check=False,
        )
        if result.returncode:
            raise Failed(result.stderr + result.stdout)
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """What a command prints with `-o json`."""
        return json.loads(self(*arguments, "-o", "json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run it in the background, with its output in a pipe."""
        return subprocess.Popen(
            [self.path, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self._environment,
        )
