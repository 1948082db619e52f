"""A webhook by the Standard Webhooks specification (https://www.standardwebhooks.com), version 1.

The signature is over id, time and body, so that neither can be swapped; receivers refuse old times
and repeated ids. `Idempotency-Key` says the same id to receivers that know that header only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import orjson

from idp.capabilities.notifications.message import Message


def body(message: Message) -> bytes:
    """The JSON document."""
    document = {
        "type": f"idp.{message.event}",
        "timestamp": message.time,
        "data": {**message.as_json(), "title": message.title},
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def headers(id: str, body: bytes, secret: bytes, now: int) -> dict[str, str]:
    """The headers of one attempt, at `now` seconds since 1970."""
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": id,
        "webhook-id": id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(id, body, secret, now),
    }


def signature(id: str, body: bytes, secret: bytes, now: int) -> str:
    """`v1,` and the HMAC-SHA256 in base64. A secret `whsec_<base64>` stands for its bytes."""
    key = base64.b64decode(secret[6:]) if secret.startswith(b"whsec_") else secret
    made = hmac.new(key, f"{id}.{now}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()
