"""Kubernetes Events: what happened to an object, in words, counted instead of repeated."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import timedelta
from typing import Literal

import structlog

from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, parse_timestamp, timestamp, utc_now
from idp.kernel.errors import IdpError, NotFound
from idp.kernel.logging import redact
from idp.kernel.resource import Manifest
from idp.kernel.standard import EVENT

log = structlog.get_logger(__name__)

EventType = Literal["Normal", "Warning"]

COMPONENT = "idp-workloads"
MESSAGE_LIMIT = 1024
LIFETIME = timedelta(hours=1)
"""As on a cluster: events are news, not history."""


class EventRecorder:
    """Writes Events. The same reason and message of an object is one Event with a count.

    The name of an Event is derived from what it says, so that counting goes on after a restart.
    An Event that cannot be written is logged and dropped: work never waits for news about it.
    """

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock

    async def record(self, about: Manifest, type: EventType, reason: str, message: str) -> None:
        """Say that something happened to `about`."""
        message = str(redact(message))[:MESSAGE_LIMIT]
        try:
            await self._write(about, type, reason, message)
        except IdpError as error:
            log.warning("event dropped", reason=reason, event_message=message, error=str(error))

    async def _write(self, about: Manifest, type: str, reason: str, message: str) -> None:
        meta = about["metadata"]
        namespace, now = meta.get("namespace") or "default", timestamp(self._clock())
        key = hashlib.sha256(f"{meta['uid']}\0{reason}\0{message}".encode()).hexdigest()[:16]
        name = f"{meta['name'][:200]}.{key}"
        if (known := await get_or_none(self._client, EVENT, name, namespace)) is not None:
            count = int(known.get("count", 1)) + 1
            patch: Manifest = {"count": count, "lastTimestamp": now}
            await self._client.patch(EVENT, name, patch, namespace)
            return
        await self._client.create(
            EVENT,
            {
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": {
                    "apiVersion": about["apiVersion"],
                    "kind": about["kind"],
                    "namespace": namespace,
                    "name": meta["name"],
                    "uid": meta["uid"],
                },
                "type": type,
                "reason": reason,
                "message": message,
                "source": {"component": COMPONENT},
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
            },
        )

    async def remove_old(self) -> None:
        """Delete the engine's own Events that nobody repeated for an hour."""
        oldest = self._clock() - LIFETIME
        for event in (await self._client.list(EVENT)).items:
            own = (event.get("source") or {}).get("component") == COMPONENT
            if own and parse_timestamp(event["lastTimestamp"]) < oldest:
                meta = event["metadata"]
                with contextlib.suppress(NotFound):
                    await self._client.delete(EVENT, meta["name"], meta["namespace"])
