"""Runs the kubectl of this machine."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path

KUBECTL = shutil.which("kubectl")

Run = Callable[..., Coroutine[None, None, str]]


class Failed(Exception):
    """kubectl ended with an error; its text is what it said."""


def kubectl_with(kubeconfig: Path, home: Path) -> Run:
    """A function that runs kubectl with arguments and gives what it wrote."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(kubeconfig)}

    async def run(*arguments: str, stdin: str = "") -> str:
        process = await asyncio.create_subprocess_exec(
            KUBECTL or "kubectl",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        out, err = await process.communicate(stdin.encode())
        if process.returncode:
            raise Failed(err.decode())
        return out.decode() + err.decode()

    return run
