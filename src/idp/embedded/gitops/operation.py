"""A sync that was asked for or started by itself, as `operation` and `status.operationState`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from idp.embedded.gitops.application import Application
from idp.embedded.gitops.objects import Key
from idp.kernel.clock import parse_timestamp, timestamp
from idp.kernel.resource import Manifest

Phase = Literal["Running", "Succeeded", "Failed", "Error"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a sync shall do.

    Attributes:
        body: The operation as the API has it.
    """

    body: Manifest

    @property
    def _sync(self) -> dict[str, Any]:
        return self.body.get("sync") or {}

    @property
    def automated(self) -> bool:
        """Whether the engine started it."""
        return bool((self.body.get("initiatedBy") or {}).get("automated"))

    @property
    def revision(self) -> str:
        """The revision that a person asked for; empty for the application's own."""
        return "" if self.automated else str(self._sync.get("revision") or "")

    @property
    def prune(self) -> bool:
        """Whether it deletes what is not in Git."""
        return bool(self._sync.get("prune"))

    @property
    def dry_run(self) -> bool:
        """Whether it only tries."""
        return bool(self._sync.get("dryRun"))

    @property
    def partial(self) -> bool:
        """Whether only some objects were named."""
        return bool(self._sync.get("resources"))

    def concerns(self, key: Key) -> bool:
        """Whether an object is among those that shall be synced."""
        return not self.partial or any(
            entry.get("kind") == key.kind
            and entry.get("name") == key.name
            and entry.get("group", "") == key.group
            and entry.get("namespace", key.namespace) == key.namespace
            for entry in self._sync["resources"]
        )

    def unsupported(self) -> Iterator[str]:
        """What it asks and this engine does not do."""
        for name in ("manifests", "source", "sources", "revisions"):
            if self._sync.get(name):
                yield f"operation.sync.{name} is not supported"
        if ((self._sync.get("syncStrategy") or {}).get("apply") or {}).get("force"):
            yield "operation.sync.syncStrategy.apply.force is not supported"


def automated_operation(application: Application, revision: str) -> Operation:
    """The operation that the engine starts by itself."""
    sync: Manifest = {"revision": revision}
    if application.prune:
        sync["prune"] = True
    return Operation({"initiatedBy": {"automated": True}, "sync": sync})


@dataclass(frozen=True, slots=True)
class OperationState:
    """`status.operationState`: the last operation and how far it is.

    Attributes:
        attempted: End of the last attempt; None while the first one has not ended.
        retries: Failed attempts so far.
        revision: Commit of the last attempt.
        source: The application's source at the last attempt.
        results: What was done with each object.
    """

    operation: Operation
    phase: Phase
    message: str
    started: datetime
    attempted: datetime | None = None
    retries: int = 0
    revision: str = ""
    source: Manifest | None = None
    results: tuple[Manifest, ...] = ()

    @property
    def running(self) -> bool:
        """Whether there is still something to do."""
        return self.phase == "Running"

    def as_json(self) -> Manifest:
        """As Argo CD writes it."""
        body: Manifest = {
            "operation": self.operation.body,
            "phase": self.phase,
            "message": self.message,
            "startedAt": timestamp(self.started),
            "retryCount": self.retries,
            "syncResult": {
                "revision": self.revision,
                "source": self.source or {},
                "resources": list(self.results),
            },
        }
        if self.attempted is not None:
            body["finishedAt"] = timestamp(self.attempted)
        return body


def read_state(status: Manifest) -> OperationState | None:
    """Read it back; None when there was no operation yet."""
    body = status.get("operationState")
    if not body:
        return None
    result = body.get("syncResult") or {}
    finished = body.get("finishedAt")
    return OperationState(
        operation=Operation(body.get("operation") or {}),
        phase=body.get("phase", "Running"),
        message=body.get("message", ""),
        started=parse_timestamp(body["startedAt"]),
        attempted=parse_timestamp(finished) if finished else None,
        retries=body.get("retryCount", 0),
        revision=result.get("revision", ""),
        source=result.get("source"),
        results=tuple(result.get("resources") or ()),
    )
