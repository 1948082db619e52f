"""Which messages follow from what is true of a promotion, and where they go. Pure.

Level-triggered: the same state gives the same messages with the same ids, so that looking twice
tells once. What was overtaken before anybody looked (a wait that ended) is not told: it would be
false by then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from idp.capabilities.notifications.kinds import (
    PLATFORM_NAMESPACE,
    EventName,
    NotificationRule,
)
from idp.capabilities.notifications.message import Message
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, PromotionStatus
from idp.kernel.clock import parse_timestamp, timestamp

Told = tuple[EventName, str, str, datetime | None]
"""Event, text, remedy, and when it was; None for now."""


def messages(
    promotion: Promotion, steps: Sequence[PipelineStep], environment: str, now: datetime
) -> list[Message]:
    """Everything that is to be told of a promotion as it is."""
    spec = promotion.spec
    return [
        Message(
            id=hashlib.sha256(f"{promotion.metadata.uid} {event}".encode()).hexdigest()[:32],
            event=event,
            environment=environment,
            namespace=promotion.namespace,
            application=spec.application,
            promotion=promotion.name,
            release=spec.release,
            initiator=spec.initiator,
            text=text,
            remedy=remedy,
            time=timestamp(when or now),
        )
        for event, text, remedy, when in _told(promotion, steps)
    ]


def _told(promotion: Promotion, steps: Sequence[PipelineStep]) -> list[Told]:
    status = promotion.status or PromotionStatus()
    by_use = {step.spec.uses: step.status for step in steps if step.status is not None}
    found: list[Told] = []
    verdict = by_use.get("verdict")
    if verdict is not None and verdict.reason == "Denied":
        found.append(("FindingsOverLimit", verdict.message, verdict.remedy, verdict.finished_at))
    for opened in filter(None, (by_use.get("gates"), by_use.get("approval"))):
        if opened.outputs.get("override"):
            found.append(("EmergencyOverride", opened.message, opened.remedy, opened.finished_at))
            break
    waits, ended = by_use.get("approval"), status.finished_at
    if status.phase == "Running" and waits is not None and waits.phase == "Running":
        if waits.reason == "WaitingForApproval":
            found.append(("PromotionWaiting", waits.message, waits.remedy, None))
    elif status.phase == "Succeeded" and promotion.spec.action == "rollback":
        text = "\n".join(filter(None, (status.message, promotion.spec.reason)))
        found.append(("RolledBack", text, status.remedy, ended))
    elif status.phase == "Succeeded":
        found.append(("PromotionSucceeded", status.message, status.remedy, ended))
    elif status.phase == "Failed":
        found.append(("PromotionFailed", status.message, status.remedy, ended))
    return found


def channels(message: Message, rules: Iterable[NotificationRule]) -> list[tuple[str, str]]:
    """Namespace and name of each channel that hears of a message, once."""
    found = {
        (rule.namespace, channel)
        for rule in rules
        if _covers(rule, message)
        for channel in rule.spec.channels
    }
    return sorted(found)


def _covers(rule: NotificationRule, message: Message) -> bool:
    spec, made = rule.spec, rule.metadata.creation_timestamp
    return (
        # A new rule does not tell the past.
        (made is None or made <= parse_timestamp(message.time))
        and rule.namespace in (PLATFORM_NAMESPACE, message.namespace)
        and message.event in spec.events
        and (not spec.applications or message.application in spec.applications)
        and (not spec.environments or message.environment in spec.environments)
    )
