"""Microsoft Teams by a workflow's webhook: one Adaptive Card
(https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors). No idempotency key
is known there: see `slack`.
"""

from __future__ import annotations

import re
from typing import Any

from idp.capabilities.notifications.message import GOOD, Message

_CARD = "application/vnd.microsoft.card.adaptive"
_MARKDOWN = re.compile(r"([\\`*_\[\]()#>])")


def body(message: Message) -> dict[str, Any]:
    """The JSON document."""
    colour = "Good" if message.event in GOOD else "Attention"
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {
                "type": "TextBlock",
                "size": "Large",
                "weight": "Bolder",
                "color": colour,
                "wrap": True,
                "text": _plain(message.title),
            },
            {"type": "TextBlock", "wrap": True, "text": _plain(message.text[:4000]) or "-"},
            {
                "type": "FactSet",
                "facts": [
                    {"title": name, "value": _plain(value[:2000])}
                    for name, value in message.facts()
                ],
            },
            {"type": "TextBlock", "isSubtle": True, "size": "Small", "text": message.id},
        ],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}],
    }


def _plain(text: str) -> str:
    """Cards render Markdown: nothing in a message becomes a link."""
    return _MARKDOWN.sub(r"\\\1", text)
