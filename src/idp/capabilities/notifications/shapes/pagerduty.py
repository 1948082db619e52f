"""PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2). The deduplication
key makes one incident of all attempts; what succeeds later is another event, nothing is resolved.
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.notifications.message import GOOD, URGENT, Message

URL = "https://events.pagerduty.com/v2/enqueue"


def body(message: Message, routing_key: str) -> dict[str, Any]:
    """The JSON document."""
    severity = "error" if message.event in URGENT else "warning"
    return {
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": message.id,
        "client": "idp",
        "payload": {
            "summary": message.title[:1024],
            "source": message.environment,
            "severity": "info" if message.event in GOOD else severity,
            "timestamp": message.time,
            "component": message.application,
            "group": message.namespace,
            "class": message.event,
            "custom_details": {**dict(message.facts()), "text": message.text},
        },
    }
