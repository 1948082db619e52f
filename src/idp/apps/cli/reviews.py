"""What the commands about reviews do."""

from __future__ import annotations

from typing import Any

from idp.apps.cli.connection import connect
from idp.apps.platform.layout import Layout
from idp.capabilities.promotion.kinds import Review
from idp.kernel.conditions import condition_of


async def list_reviews(
    layout: Layout, user: str | None, environment: str, namespace: str
) -> list[dict[str, Any]]:
    """The reviews of a namespace, the soonest due first."""
    async with connect(layout, user) as platform:
        listed = await platform.instance(environment).list(Review.type(), namespace)
    rows = [
        {
            "name": body["metadata"]["name"],
            **body["spec"],
            "closedBy": body["spec"].get("closedBy", ""),
            "state": (condition_of(body, "Closed") or {}).get("message", ""),
        }
        for body in listed.items
    ]
    return sorted(rows, key=lambda row: str(row["due"]))


async def close_review(
    layout: Layout, user: str | None, environment: str, namespace: str, name: str, conclusion: str
) -> None:
    """Close one in one's own name; the API refuses what may not be."""
    async with connect(layout, user) as platform:
        closing = {"spec": {"closedBy": platform.user, "conclusion": conclusion}}
        await platform.instance(environment).patch(Review.type(), name, closing, namespace)
