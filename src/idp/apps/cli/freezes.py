"""What the commands about freezes do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from idp.apps.cli.connection import connect
from idp.apps.platform.layout import Layout
from idp.capabilities.promotion.kinds import Freeze
from idp.kernel.clock import timestamp
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest


def freeze_of(
    name: str,
    by: str,
    *,
    reason: str,
    start: datetime | None,
    until: datetime,
    applications: Sequence[str],
    namespaces: Sequence[str],
) -> Manifest:
    """A Freeze; times without a zone are UTC. Pure.

    Raises:
        InvalidInput: It ends before it begins.
    """
    if start is not None and until <= start:
        raise InvalidInput("the freeze would end before it begins")
    spec: Manifest = {
        "until": timestamp(until.replace(tzinfo=UTC)),
        "reason": reason,
        "by": by,
        "selector": {"applications": list(applications), "namespaces": list(namespaces)},
    }
    if start is not None:
        spec["start"] = timestamp(start.replace(tzinfo=UTC))
    return {"metadata": {"name": name}, "spec": spec}


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
    rows = [row(body, timestamp(datetime.now(UTC))) for body in listed.items]
    return sorted(rows, key=lambda r: str(r["until"]), reverse=True)


def row(body: Manifest, now: str) -> dict[str, Any]:
    """One line of the list. Pure."""
    spec = body["spec"]
    selector = spec.get("selector") or {}
    start = spec.get("start") or body["metadata"].get("creationTimestamp", "")
    chosen = [*(selector.get("namespaces") or []), *(selector.get("applications") or [])]
    state = "over" if spec["until"] <= now else "to come" if start > now else "on"
    return {
        "name": body["metadata"]["name"],
        "state": state,
        "start": start,
        "until": spec["until"],
        "by": spec["by"],
        "applies": ", ".join(chosen) or "everything",
        "reason": spec["reason"],
    }
