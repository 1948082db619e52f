"""What the commands about freezes do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from idp.apps.cli.connection import connect
from idp.apps.platform.layout import Layout
from idp.apps.promotion_requests import freeze_of, freeze_state
from idp.capabilities.promotion.kinds import Freeze
from idp.kernel.resource import Manifest


async def start_freeze(
    layout: Layout, user: str | None, environment: str, name: str, **what: Any
) -> None:
    """Create a freeze in one's own name; `what` as for `freeze_of`."""
    async with connect(layout, user) as platform:
        manifest = freeze_of(name, platform.user, **what)
        await platform.instance(environment).create(Freeze.type(), manifest)


async def end_freeze(layout: Layout, user: str | None, environment: str, name: str) -> None:
    """Delete a freeze; the audit keeps who did."""
    async with connect(layout, user) as platform:
        await platform.instance(environment).delete(Freeze.type(), name)


async def list_freezes(layout: Layout, user: str | None, environment: str) -> list[dict[str, Any]]:
    """The freezes of an environment, the one that lasts longest first."""
    async with connect(layout, user) as platform:
        listed = await platform.instance(environment).list(Freeze.type())
    rows = [row(body, datetime.now(UTC)) for body in listed.items]
    return sorted(rows, key=lambda r: str(r["until"]), reverse=True)


def row(body: Manifest, now: datetime) -> dict[str, Any]:
    """One line of the list. Pure."""
    spec = body["spec"]
    selector = spec.get("selector") or {}
    chosen = [*(selector.get("namespaces") or []), *(selector.get("applications") or [])]
    return {
        "name": body["metadata"]["name"],
        "state": freeze_state(body, now),
        "start": spec.get("start") or body["metadata"].get("creationTimestamp", ""),
        "until": spec["until"],
        "by": spec["by"],
        "applies": ", ".join(chosen) or "everything",
        "reason": spec["reason"],
    }
