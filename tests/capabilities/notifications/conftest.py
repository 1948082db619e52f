from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from idp.capabilities.notifications.capability import CAPABILITY
from idp.capabilities.notifications.message import Message
from idp.kernel.database import open_database


def message(**changes: Any) -> Message:
    facts: dict[str, Any] = {
        "id": "0123456789abcdef0123456789abcdef",
        "event": "PromotionFailed",
        "environment": "production",
        "namespace": "demo",
        "application": "hello",
        "promotion": "hello-r2-3fa9c1d",
        "release": "hello-r2-3fa9c1d",
        "initiator": "maya",
        "text": "verify failed: 3 of 3 answers were 500 <!channel> [x](http://evil) & *so on*",
        "remedy": "idp-cli promotion show hello-r2-3fa9c1d -n demo -e production",
        "time": "2026-11-25T08:00:00Z",
        **changes,
    }
    return Message(**facts)


@pytest.fixture
def make_message() -> Any:
    return message


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/history.db", CAPABILITY.migrations)
    yield engine
    engine.dispose()
