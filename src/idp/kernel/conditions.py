"""Conditions: what is true of an object, since when, and what to do when it is not. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from idp.kernel.resource import Condition, Manifest


def set_condition(
    conditions: Iterable[Condition], new: Condition, *, now: datetime
) -> list[Condition]:
    """Replace the condition of the same type; its transition time moves only with its status."""
    result, found = [], False
    for old in conditions:
        if old.type != new.type:
            result.append(old)
            continue
        found = True
        same = old.status == new.status and old.last_transition_time is not None
        since = old.last_transition_time if same else now
        result.append(new.model_copy(update={"last_transition_time": since}))
    if not found:
        result.append(new.model_copy(update={"last_transition_time": now}))
    return result


def true(type: str, reason: str, message: str = "", *, generation: int = 0) -> Condition:
    """A condition that holds."""
    return Condition(
        type=type, status="True", reason=reason, message=message, observed_generation=generation
    )


def false(
    type: str, reason: str, message: str, *, remedy: str = "", generation: int = 0
) -> Condition:
    """A condition that does not hold: why, and what to do."""
    return Condition(
        type=type,
        status="False",
        reason=reason,
        message=message,
        remedy=remedy,
        observed_generation=generation,
    )


def condition_of(manifest: Manifest, type: str) -> Manifest | None:
    """The condition of a type in any object's status, or None."""
    for condition in (manifest.get("status") or {}).get("conditions") or []:
        if condition.get("type") == type:
            found: Manifest = condition
            return found
    return None


def is_true(manifest: Manifest, type: str) -> bool:
    """Whether an object states that `type` holds."""
    condition = condition_of(manifest, type)
    return condition is not None and condition.get("status") == "True"
