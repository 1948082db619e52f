"""Audit of mutating requests: recorded before they are answered, without blocking the loop.

One thread writes the records. A request waits for its record, other requests do not wait for it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import Any

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.ports import AuditSink
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.audit_entry import AuditEntry
from idp.kernel.errors import IdpError, Unavailable

CREDENTIAL = "authentication.kubernetes.io/credential-id"
"""Extra of a user that names the token by which it was proved."""
_BATCH = 256
_Waiting = tuple[AuditEntry, asyncio.Future[None]]


def entry(request: Request, verb: str, code: int, reason: str = "") -> AuditEntry:
    """Describe a request and its outcome: as whom, from where. Holds no content of objects."""
    user = request.user
    facts: dict[str, Any] = {"code": code}
    if reason:
        facts["reason"] = reason
    if user.impersonator is not None:
        facts["as"] = user.name
        if user.uid:
            facts["uid"] = user.uid
        if user.extra:
            facts["extra"] = {name: list(values) for name, values in user.extra.items()}
    if credential := (user.impersonator or user).extra.get(CREDENTIAL):
        facts["credential"] = credential[0]
    if user.groups:
        facts["groups"] = list(user.groups)
    if request.address:
        facts["from"] = request.address
    if request.dry_run:
        facts["dryRun"] = True
    if request.annotations:
        facts["annotations"] = dict(request.annotations)
    resource = request.served.qualified
    if request.subresource:
        resource += f"/{request.subresource}"
    target = f"{request.namespace}/{request.name}" if request.namespace else request.name
    actor = (user.impersonator or user).name
    return AuditEntry(actor, f"{verb} {resource}", target, facts)


def refused_impersonation(user: UserInfo, wanted: str, address: str, error: IdpError) -> AuditEntry:
    """Describe that somebody may not act as another user: what they wanted to do does not count."""
    facts = {"code": error.status, "reason": error.code, "error": error.message, "from": address}
    return AuditEntry(user.name, "impersonate users", wanted, facts)


class Auditor:
    """Hands entries to a sink in a thread of its own."""

    def __init__(self, sink: AuditSink) -> None:
        self._sink = sink
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="apiserver-audit", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the thread; belongs to the running loop from then on."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Write what is queued, then end."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def record(self, entry: AuditEntry) -> None:
        """Record an entry; returns when the sink has it.

        Raises:
            Unavailable: The sink refused it: what cannot be audited is not acknowledged.
        """
        assert self._loop is not None
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((entry, future))
        await future

    def _run(self) -> None:
        stopping = False
        while not stopping:
            batch = []
            item = self._queue.get()
            while item is not None:
                batch.append(item)
                if len(batch) == _BATCH or self._queue.empty():
                    break
                item = self._queue.get()
            stopping = item is None
            if batch:
                self._write(batch)

    def _write(self, batch: list[_Waiting]) -> None:
        assert self._loop is not None
        error: Unavailable | None = None
        try:
            self._sink.append_all([entry for entry, _ in batch])
        except Exception as cause:  # whatever the sink is, its failure refuses the requests
            error = Unavailable(
                f"the request could not be recorded in the audit log: {cause}",
                remedy="Make room for the audit log, then look whether the change was made.",
            )
        self._loop.call_soon_threadsafe(_settle, [future for _, future in batch], error)


def _settle(futures: list[asyncio.Future[None]], error: Unavailable | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
