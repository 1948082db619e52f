"""What the measurements share: one platform in a folder of its own, deleted at the end."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import PlatformSettings, require_settings, settings_from_port

CLI = Path(sys.executable).with_name("idp-cli")
REPOSITORY = Path(__file__).resolve().parents[1]
COMMAND_SECONDS = 300.0


class Stage:
    """Gives the platform when it is first needed, empty or with the demo's applications.

    How long the set-up and the demo took is measured while it happens, so that nothing is done
    twice.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="idp-benchmarks-"))
        self.layout = Layout(self._folder / "data")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.layout.settings.exists():
            self.cli("reset", "--yes")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def scratch(self) -> Path:
        """A folder on the same disk as the platform's data."""
        return self._folder

    @property
    def settings(self) -> PlatformSettings:
        """Ports of the platform."""
        return require_settings(self.layout)

    @cached_property
    def set_up_seconds(self) -> float:
        """Set up and start an empty platform, once; gives how long it took."""
        return self.timed("up", "--yes", "--port", str(free_first_port()))

    @cached_property
    def demo_seconds(self) -> float:
        """Take the demo's applications to production, once; gives how long it took."""
        assert self.set_up_seconds
        return self.timed("demo", "--approve", seconds=600)

    def timed(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> float:
        """Run `idp-cli`; gives how long it took."""
        started = time.monotonic()
        self.cli(*arguments, seconds=seconds)
        return time.monotonic() - started

    def cli(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> None:
        """Run `idp-cli`.

        Raises:
            RuntimeError: It failed; with what it wrote.
        """
        answer = subprocess.run(
            [str(CLI), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env={**os.environ, "IDP_DATA": str(self.layout.folder), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
        )
        if answer.returncode != 0:
            raise RuntimeError(f"idp-cli {' '.join(arguments)}: {answer.stdout}\n{answer.stderr}")

    def url(self, application: str, environment: str) -> tuple[str, dict[str, str]]:
        """Address of an application at its gateway, and the headers that name it."""
        port = self.settings.instances[environment].gateway
        return f"http://127.0.0.1:{port}/", {"Host": f"{application}.{environment}.localhost"}


def free_first_port(start: int | None = None) -> int:
    """A first port, from `start` on, behind which every port of a platform is free.

    Raises:
        RuntimeError: There is none.
    """
    for first in range(start or 20000 + os.getpid() % 200 * 50, 60000, 50):
        if all(_is_free(port) for port in settings_from_port(first).ports().values()):
            return first
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
