"""A whole platform for a test: own data folder, own ports, stopped and deleted at the end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from idp.apps.cli.connection import load_session
from idp.apps.platform.files import read_json
from idp.apps.platform.layout import ENVIRONMENTS, Layout
from idp.apps.platform.processes import processes, supervisor_pid
from idp.apps.platform.settings import PlatformSettings, require_settings, settings_from_port
from idp.embedded.gateway.process import find_process
from idp.kernel.capability import Remote
from idp.kernel.kubeconfig import settings_from_kubeconfig, tls_context

CLI = Path(sys.executable).with_name("idp-cli")
REPOSITORY = Path(__file__).resolve().parents[2]


def free_first_port() -> int:
    """A first port behind which every port of a platform is free."""
    for first in range(20000 + (os.getpid() % 200) * 50, 60000, 50):
        if all(_free(port) for port in settings_from_port(first).ports().values()):
            return first
    raise AssertionError("no free ports")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass
class Platform:
    """A running platform."""

    data: Path
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """Its folder."""
        return Layout(self.data)

    @property
    def settings(self) -> PlatformSettings:
        """Its ports."""
        return require_settings(self.layout)

    def cli(
        self, *arguments: str, check: bool = True, seconds: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run `idp-cli`; a failure shows what it wrote."""
        answer = subprocess.run(
            [str(CLI), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env={**os.environ, "IDP_DATA": str(self.data), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
        )
        if check:
            assert answer.returncode == 0, f"{arguments}: {answer.stdout}\n{answer.stderr}"
        return answer

    def json(self, *arguments: str) -> Any:
        """Run `idp-cli ... -o json` and read the answer."""
        return json.loads(self.cli(*arguments, "-o", "json").stdout)

    def kubectl(
        self, environment: str, *arguments: str, check: bool = True, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `kubectl` as the administrator of an instance."""
        kubeconfig = str(self.layout.instance(environment).kubeconfig)
        answer = subprocess.run(
            ["kubectl", "--kubeconfig", kubeconfig, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            input=text,
        )
        if check:
            assert answer.returncode == 0, f"{arguments}: {answer.stdout}\n{answer.stderr}"
        return answer

    def session(self, user: str) -> str:
        """The token with which a user is signed in."""
        return load_session(self.layout, user).token

    def remote(self, environment: str) -> Remote:
        """Registry and Git with an instance's own credential."""
        credential = read_json(self.layout.instance(environment).hub_credential)
        return Remote(self.settings.hub_url, credential["name"], credential["password"])

    def api(self, environment: str) -> httpx.Client:
        """The API of an instance as its administrator."""
        if environment not in self._clients:
            settings = settings_from_kubeconfig(self.layout.instance(environment).kubeconfig)
            self._clients[environment] = httpx.Client(
                base_url=settings.server,
                verify=tls_context(settings),
                timeout=30,
                trust_env=False,
            )
        return self._clients[environment]

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def objects(
        self, environment: str, plural: str, path: str = "/apis/platform.idp/v1alpha1"
    ) -> list[dict[str, Any]]:
        """All objects of a kind, of the platform by default; empty while the instance is silent."""
        try:
            answer = self.api(environment).get(f"{path}/{plural}")
        except httpx.TransportError:
            return []
        items: list[dict[str, Any]] = answer.json().get("items", [])
        return items

    def object(
        self, environment: str, plural: str, name: str, namespace: str = "demo"
    ) -> dict[str, Any]:
        """One object of a kind of the platform; empty when it is not there."""
        for item in self.objects(environment, plural):
            if (item["metadata"]["name"], item["metadata"].get("namespace")) == (name, namespace):
                return item
        return {}

    def set_pipeline(self, environment: str, **spec: Any) -> None:
        """Change the gates before an environment."""
        self.api(environment).patch(
            "/apis/platform.idp/v1alpha1/promotionpipelines/default",
            json={"spec": spec},
            headers={"Content-Type": "application/merge-patch+json"},
        ).raise_for_status()

    def gateway_pid(self, environment: str) -> int:
        """Process id of an instance's Envoy; 0 while none runs."""
        found = find_process(self.layout.instance(environment).gateway)
        return found.pid if found else 0

    def pid(self, name: str) -> int:
        """Process id of the hub or of an instance; 0 while it does not run."""
        return next((p.pid for p in processes(self.layout) if p.name == name), 0)

    def kill(self, name: str) -> int:
        """Kill the hub or an instance; gives the process id that it had."""
        pid = self.until(lambda: self.pid(name), f"{name} to run")
        os.kill(pid, signal.SIGKILL)
        return int(pid)

    @property
    def supervisor_pid(self) -> int:
        """Process id of the supervisor."""
        pid = supervisor_pid(self.layout)
        assert pid is not None
        return pid

    def row(self, application: str, environment: str) -> dict[str, Any]:
        """The line of `idp-cli apps` for an application in an environment."""
        for row in self.json("apps"):
            if (row["application"], row["environment"]) == (application, environment):
                found: dict[str, Any] = row
                return found
        return {}

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
        """Wait for a condition; gives its value."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, f"not in time: {what}\n{self.log_tails()}"
            time.sleep(0.1)
        return value

    def log_tails(self) -> str:
        """The last lines of every log."""
        tails = []
        for name in ("supervisor", "hub", *ENVIRONMENTS):
            path = self.layout.logs / f"{name}.log"
            if path.exists():
                tails += [f"== {name}", *path.read_text().splitlines()[-15:]]
        return "\n".join(tails)


@contextmanager
def running_platform(data: Path, control_plane: str = "embedded") -> Iterator[Platform]:
    """Set up and start a platform; stop it at the end, whatever happened."""
    platform = Platform(data)
    try:
        port = str(free_first_port())
        platform.cli("up", "--yes", "--port", port, "--control-plane", control_plane)
        yield platform
    finally:
        platform.close()
        platform.cli("reset", "--yes", check=False)
