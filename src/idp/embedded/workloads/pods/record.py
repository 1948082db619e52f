"""What is known of a container beyond the life of the engine."""

from __future__ import annotations

import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from idp.embedded.workloads.pods.process import ProcessId


@dataclass(frozen=True, slots=True)
class Terminated:
    """How an attempt ended (`containerStatuses[].state.terminated`).

    Attributes:
        exit_code: 128 + number for a signal.
        reason: `Completed`, `Error`, `OOMKilled`, `StartError`, `ContainerStatusUnknown`,
            `PlatformStopped`.
        message: Last lines of the log, or why it could not start.
        started_at: Timestamp of the API.
        finished_at: Timestamp of the API.
    """

    exit_code: int
    reason: str
    message: str = ""
    started_at: str = ""
    finished_at: str = ""


@dataclass(slots=True)
class ContainerRecord:
    """The state of one container. Saved before a process is started and after every change.

    Attributes:
        attempt: Number of the present or last attempt; -1 before the first.
        crashes: Ends in a row that were followed by a wait.
        image: `<repository>@sha256:<digest>` of what runs.
        stop_signal: Signal that asks the command to stop.
        started_at: When the present attempt started; empty before it did.
        process: The monitor; None before it is known.
        started: Whether the startup probe has passed.
        ready: Whether the container can serve.
        terminated: How the present attempt ended; None while it has not.
        last: How the attempt before ended.
        ending_reason: Why the engine is ending the attempt (`OOMKilled`); empty when it is not.
    """

    attempt: int = -1
    crashes: int = 0
    image: str = ""
    stop_signal: int = signal.SIGTERM
    started_at: str = ""
    process: ProcessId | None = None
    started: bool = False
    ready: bool = False
    terminated: Terminated | None = None
    last: Terminated | None = None
    ending_reason: str = ""
    path: Path | None = field(default=None, repr=False, compare=False)

    @property
    def running(self) -> bool:
        """Whether an attempt has begun and its end is not known."""
        return self.attempt >= 0 and self.terminated is None

    @property
    def restarts(self) -> int:
        """How often the container was started again."""
        return max(self.attempt, 0)

    @classmethod
    def load(cls, path: Path) -> ContainerRecord:
        """Read a record; an absent one is that of a container that never started."""
        try:
            body: dict[str, Any] = orjson.loads(path.read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return cls(path=path)
        for name, type in (
            ("process", ProcessId),
            ("terminated", Terminated),
            ("last", Terminated),
        ):
            if body.get(name) is not None:
                body[name] = type(**body[name])
        return cls(**body, path=path)

    def save(self) -> None:
        """Write the record in one step."""
        assert self.path is not None  # only `load` makes records that are saved
        self.path.parent.mkdir(parents=True, exist_ok=True)
        body = {k: v for k, v in asdict(self).items() if k != "path"}
        temporary = self.path.with_suffix(".tmp")
        temporary.write_bytes(orjson.dumps(body))
        temporary.replace(self.path)
