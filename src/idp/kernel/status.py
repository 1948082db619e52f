"""How a controller states what is true of an object: dated conditions, written when they change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from idp.kernel.client import Client
from idp.kernel.clock import timestamp
from idp.kernel.conditions import set_condition
from idp.kernel.resource import Condition, Manifest, ResourceType, Status


def dated(manifest: Manifest, condition: Condition, now: datetime) -> list[Condition]:
    """The conditions of an object with a new one; it keeps its date while it says the same."""
    known = [
        Condition.model_validate(body)
        for body in (manifest.get("status") or {}).get("conditions") or []
    ]
    return set_condition(known, condition, now=now.replace(microsecond=0))


async def write_status(
    client: Client, type: ResourceType, manifest: Manifest, status: Status
) -> None:
    """Write a status when it changed.

    Raises:
        Conflict: The object changed meanwhile.
        NotFound: It is gone.
    """
    generation = manifest["metadata"].get("generation", 0)
    status.observed_generation = generation
    body: dict[str, Any] = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    for stated, condition in zip(body["conditions"], status.conditions, strict=True):
        stated["observedGeneration"] = generation
        if condition.last_transition_time is not None:
            stated["lastTransitionTime"] = timestamp(condition.last_transition_time)
    if body != manifest.get("status"):
        await client.update(type, {**manifest, "status": body}, subresource="status")
