"""Server-sent events: how they are written. Pure.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from typing import Any

import orjson

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
MEDIA_TYPE = "text/event-stream"
KEEP_ALIVE = b": still here\n\n"
KEEP_ALIVE_SECONDS = 15.0


def event(name: str, data: Any) -> bytes:
    """One event; JSON has no line break of its own, so that it is one line."""
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
