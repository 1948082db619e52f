"""Slack's incoming webhooks with Block Kit (https://docs.slack.dev/messaging). They know no
idempotency key: a crash between sending and marking may show a message twice, with one id.
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.notifications.message import Message

_LONGEST_TEXT, _LONGEST_HEADER = 2900, 150


def body(message: Message) -> dict[str, Any]:
    """The JSON document; `text` is what notifications and old clients show."""
    fields = [
        {"type": "mrkdwn", "text": f"*{name}*\n{_escaped(value)[:1900]}"}
        for name, value in message.facts()
    ]
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": message.title[:_LONGEST_HEADER]},
        }
    ]
    if message.text:
        text = _escaped(message.text)[:_LONGEST_TEXT]
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    blocks.append({"type": "section", "fields": fields})
    footer = {"type": "mrkdwn", "text": f"{message.time} · {message.id}"}
    blocks.append({"type": "context", "elements": [footer]})
    return {"text": _escaped(message.title), "blocks": blocks}


def _escaped(text: str) -> str:
    """The three characters that Slack gives a meaning: no mention or link comes from a message."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
