"""The status of a step object: what an outcome makes of it, and how it is written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, timestamp
from idp.kernel.conditions import set_condition
from idp.kernel.errors import Conflict, NotFound
from idp.kernel.resource import Condition, Manifest, ResourceType
from idp.kernel.step import Outcome

OUTPUT_LIMIT = 256 * 1024
"""Bytes of outputs as JSON. Objects are watched by many: large facts belong into the registry."""

_CONDITION = {"Succeeded": "True", "Failed": "False"}


def has_ended(manifest: Manifest) -> bool:
    """Whether a step object is final."""
    return (manifest.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def next_status(manifest: Manifest, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The status that an outcome leads to; equal to the present one when it says nothing new."""
    status = dict(manifest.get("status") or {})
    generation = manifest["metadata"].get("generation", 0)
    status |= {
        "phase": outcome.phase,
        "reason": outcome.reason,
        "message": outcome.message,
        "remedy": outcome.remedy,
        "observedGeneration": generation,
    }
    status.setdefault("startedAt", timestamp(now))
    if outcome.outputs or "outputs" not in status:
        status["outputs"] = outcome.outputs
    if outcome.phase in _CONDITION:
        status.setdefault("finishedAt", timestamp(now))
    condition = Condition.model_validate(
        {
            "type": "Succeeded",
            "status": _CONDITION.get(outcome.phase, "Unknown"),
            "reason": outcome.reason,
            "message": outcome.message,
            "remedy": outcome.remedy,
            "observedGeneration": generation,
        }
    )
    known = [Condition.model_validate(c) for c in status.get("conditions") or []]
    status["conditions"] = [_as_json(c) for c in set_condition(known, condition, now=now)]
    return status


def _as_json(condition: Condition) -> dict[str, Any]:
    body: dict[str, Any] = condition.model_dump(mode="json", by_alias=True, exclude_none=True)
    if condition.last_transition_time is not None:
        body["lastTransitionTime"] = timestamp(condition.last_transition_time)
    return body


class StatusWriter:
    """Writes the status of one step object, only when it changes.

    Attributes:
        manifest: The object as it was last read or written.
        message: What the step said last, written or not.
    """

    def __init__(
        self, client: Client, type: ResourceType, manifest: Manifest, clock: Clock
    ) -> None:
        self.manifest = manifest
        self.message: str = (manifest.get("status") or {}).get("message", "")
        self._client = client
        self._type = type
        self._clock = clock

    async def start(self) -> None:
        """Record that the first call begins: `startedAt` must survive a crash of that call."""
        if not (self.manifest.get("status") or {}).get("startedAt"):
            await self.write(Outcome("Running", "started", "Started"))
            self.message = ""

    async def write(self, outcome: Outcome) -> None:
        """Write an outcome.

        Does nothing when the object is gone, was made anew under its name, or has ended.
        """
        outcome = _capped(outcome)
        self.message = outcome.message
        while True:
            status = next_status(self.manifest, outcome, self._clock())
            if status == self.manifest.get("status"):
                return
            try:
                self.manifest = await self._client.update(
                    self._type, {**self.manifest, "status": status}, subresource="status"
                )
                return
            except NotFound:
                return
            except Conflict:
                if not await self._refresh():
                    return

    async def _refresh(self) -> bool:
        meta = self.manifest["metadata"]
        live = await get_or_none(self._client, self._type, meta["name"], meta.get("namespace"))
        if live is None or live["metadata"]["uid"] != meta["uid"] or has_ended(live):
            return False
        self.manifest = live
        return True


def _capped(outcome: Outcome) -> Outcome:
    size = len(orjson.dumps(outcome.outputs))
    if size <= OUTPUT_LIMIT:
        return outcome
    return Outcome(
        "Failed",
        f"the outputs have {size} bytes; {OUTPUT_LIMIT} are allowed",
        "OutputsTooLarge",
        "Keep large results in the registry and output their digest.",
    )
