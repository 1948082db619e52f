"""kube-apiserver's audit log -> the audit chain, in order, each request once.

kube-apiserver writes a line before it answers (`blocking`) and turns the file over by itself. The
follower reads behind it: a crash loses nothing, because the lines wait in the files. How far it
came is noted after the chain has the records; whether the ones behind the note are in it already is
seen by their audit ids, which the chain holds too. Files that were turned over and not read are
read first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
import structlog

from idp.embedded.controlplane.commands import AUDIT_LOG
from idp.kernel.audit_entry import AuditEntry
from idp.kernel.controller import Runnable
from idp.kernel.files import replace_file
from idp.kernel.resource import Manifest

log = structlog.get_logger(__name__)

AUDIT_ID = "auditId"
POSITION_FILE = "audit.position"
_BATCH = 256
_PERIOD = 0.5
_NOISE = ("authorization.k8s.io/", "pod-security.kubernetes.io/")
"""Annotations that say what every line says, such as that RBAC allowed it."""


class AuditChain(Protocol):
    """Where records go."""

    def append_all(self, entries: Sequence[AuditEntry]) -> object:
        """Record; durable when this returns."""
        ...

    def latest_ids(self, count: int) -> set[str]:
        """Audit ids of the newest records."""
        ...


def entry(event: Manifest) -> AuditEntry | None:
    """What the chain says of an audit event (`audit.k8s.io/v1`). Pure.

    None for what is about no resource.
    """
    reference = event.get("objectRef") or {}
    if not reference.get("resource"):
        return None
    user, person = event["user"], event.get("impersonatedUser")
    status = event.get("responseStatus") or {}
    facts: dict[str, Any] = {"code": status.get("code", 0)}
    if status.get("reason"):
        facts["reason"] = status["reason"]
    if person:
        facts["as"] = person["username"]
    if groups := (person or user).get("groups"):
        facts["groups"] = list(groups)
    if sources := event.get("sourceIPs"):
        facts["from"] = sources[0]
    if "dryRun=All" in event.get("requestURI", ""):
        facts["dryRun"] = True
    annotations = event.get("annotations") or {}
    if kept := {k: v for k, v in annotations.items() if not k.startswith(_NOISE)}:
        facts["annotations"] = kept
    facts[AUDIT_ID] = event["auditID"]
    resource = ".".join(filter(None, (reference["resource"], reference.get("apiGroup"))))
    if reference.get("subresource"):
        resource += f"/{reference['subresource']}"
    name, namespace = reference.get("name", ""), reference.get("namespace")
    target = f"{namespace}/{name}" if namespace else name
    return AuditEntry(user["username"], f"{event['verb']} {resource}", target, facts)


@dataclass(frozen=True, slots=True)
class Position:
    """How far the log is read.

    Attributes:
        file: Inode of the file, which keeps it when the file is turned over.
        offset: Bytes of it that are recorded.
    """

    file: int = 0
    offset: int = 0


class AuditFollower(Runnable):
    """Reads the log into the chain.

    Args:
        folder: The control plane's.
        chain: Where records go.
    """

    def __init__(self, folder: Path, chain: AuditChain) -> None:
        self._folder = folder
        self._chain = chain

    async def run(self) -> None:
        """Follow until cancelled."""
        position = self._load()
        known = await asyncio.to_thread(self._chain.latest_ids, 2 * _BATCH)
        while True:
            position = await asyncio.to_thread(self.catch_up, position, known)
            known = set()
            await asyncio.sleep(_PERIOD)

    def catch_up(self, position: Position, known: set[str]) -> Position:
        """Record what is there; gives how far that is.

        Args:
            position: How far it was recorded before.
            known: Audit ids that are in the chain although they may be behind `position`.
        """
        for path, start in _unread(self._files(), position):
            for entries, offset in _batches(path, start):
                fresh = [e for e in entries if e.facts[AUDIT_ID] not in known]
                if fresh:
                    self._chain.append_all(fresh)
                position = Position(path.stat().st_ino, offset)
                self._save(position)
        return position

    def _files(self) -> list[Path]:
        """Oldest first; kube-apiserver puts the time into the names of former files."""
        stem, suffix = AUDIT_LOG.split(".")
        current = self._folder / AUDIT_LOG
        former = sorted(self._folder.glob(f"{stem}-*.{suffix}"))
        return [*former, current] if current.exists() else former

    def _load(self) -> Position:
        try:
            return Position(**orjson.loads((self._folder / POSITION_FILE).read_bytes()))
        except (OSError, ValueError, TypeError):
            return Position()

    def _save(self, position: Position) -> None:
        note = {"file": position.file, "offset": position.offset}
        replace_file(self._folder / POSITION_FILE, orjson.dumps(note), durable=False)


def _unread(files: Sequence[Path], position: Position) -> list[tuple[Path, int]]:
    """Files with something new, each with where to begin; all of them when the one is gone."""
    inodes = [path.stat().st_ino for path in files]
    if position.file not in inodes:
        return [(path, 0) for path in files]
    first = inodes.index(position.file)
    return [(path, position.offset if n == 0 else 0) for n, path in enumerate(files[first:])]


def _batches(path: Path, offset: int) -> Iterable[tuple[list[AuditEntry], int]]:
    """Entries of the whole lines behind an offset, in batches, each with the offset behind it."""
    with path.open("rb") as file:
        file.seek(offset)
        entries: list[AuditEntry] = []
        for line in file:
            if not line.endswith(b"\n"):
                break  # it is being written
            offset += len(line)
            if (found := _parsed(line)) is not None:
                entries.append(found)
            if len(entries) == _BATCH:
                yield entries, offset
                entries = []
        if entries:
            yield entries, offset


def _parsed(line: bytes) -> AuditEntry | None:
    try:
        return entry(orjson.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("audit line not understood", error=str(error))
        return None
