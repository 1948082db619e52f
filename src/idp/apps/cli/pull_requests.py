"""What the commands about pull requests do."""

from __future__ import annotations

from typing import Literal

from idp.apps.cli.connection import connect
from idp.apps.platform.layout import Layout
from idp.capabilities.promotion.kinds import PullRequest


async def decide_pull_request(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    decision: Literal["merge", "close"],
    comment: str,
) -> None:
    """Decide in one's own name; the API refuses what may not be."""
    async with connect(layout, user) as platform:
        decided = {"decision": decision, "decidedBy": platform.user, "comment": comment}
        instance = platform.instance(environment)
        await instance.patch(PullRequest.type(), name, {"spec": decided}, namespace)
