"""Probes: reading them from the pod, counting their answers, and saying what to ask. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp.embedded.workloads.services.render import local_port
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest


@dataclass(frozen=True, slots=True)
class HttpGet:
    """Ask over HTTP; 200 to 399 is a yes."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TcpSocket:
    """Open a connection."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Exec:
    """Run a command in the container; exit code 0 is a yes."""

    command: tuple[str, ...]


Action = HttpGet | TcpSocket | Exec


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe, times in seconds."""

    action: Action
    initial_delay: float
    period: float
    timeout: float
    success_threshold: int
    failure_threshold: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking once."""

    ok: bool
    message: str = ""


def parse(probe: Manifest | None, pod: Manifest) -> Probe | None:
    """Read a probe; None when there is none.

    Raises:
        InvalidInput: It asks nothing, or a port that the pod does not have.
    """
    if not probe:
        return None
    return Probe(
        action=parse_action(probe, pod),
        initial_delay=float(probe.get("initialDelaySeconds") or 0),
        period=float(probe.get("periodSeconds") or 10),
        timeout=float(probe.get("timeoutSeconds") or 1),
        success_threshold=int(probe.get("successThreshold") or 1),
        failure_threshold=int(probe.get("failureThreshold") or 3),
    )


def parse_action(handler: Manifest, pod: Manifest) -> Action:
    """Read the action of a probe or of a lifecycle hook."""
    if http := handler.get("httpGet"):
        scheme = str(http.get("scheme") or "HTTP").lower()
        path = "/" + str(http.get("path") or "/").lstrip("/")
        host = http.get("host") or "127.0.0.1"
        headers = tuple((h["name"], h["value"]) for h in http.get("httpHeaders") or [])
        return HttpGet(f"{scheme}://{host}:{_port(http['port'], pod)}{path}", headers)
    if tcp := handler.get("tcpSocket"):
        return TcpSocket(tcp.get("host") or "127.0.0.1", _port(tcp["port"], pod))
    if command := (handler.get("exec") or {}).get("command"):
        return Exec(tuple(command))
    raise InvalidInput("a probe needs one of httpGet, tcpSocket and exec")


def _port(port: Any, pod: Manifest) -> int:
    number = local_port(pod, port)
    if number is None:
        raise InvalidInput(f"a probe asks port {port!r}, which no container of the pod declares")
    return number


class Streak:
    """Turns single answers into a verdict, by the probe's thresholds.

    Args:
        probe: Whose thresholds count.
        verdict: What holds at the beginning.
    """

    def __init__(self, probe: Probe, verdict: bool) -> None:
        self._probe = probe
        self.verdict = verdict
        self._count = 0

    def count(self, ok: bool) -> bool:
        """Count an answer.

        Returns:
            Whether the verdict changed.
        """
        if ok == self.verdict:
            self._count = 0
            return False
        self._count += 1
        needed = self._probe.success_threshold if ok else self._probe.failure_threshold
        if self._count < needed:
            return False
        self.verdict, self._count = ok, 0
        return True
