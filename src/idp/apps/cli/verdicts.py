"""The verdict of a promotion, as its step put it out."""

from __future__ import annotations

from typing import Any

from idp.apps.cli.promote import newest_promotion
from idp.capabilities.promotion.kinds import PipelineStep, Promotion
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import NotFound


async def read_verdict(
    client: Client, environment: str, namespace: str, application: str, promotion: str | None
) -> dict[str, Any]:
    """The outputs of the `verdict` step with its message.

    Args:
        client: Of the environment.
        environment: Its name, for what is said.
        namespace: Of the application.
        application: Its name.
        promotion: Name of the promotion; None takes the newest.

    Raises:
        NotFound: There is no such promotion, or it has no verdict yet, or not any more.
    """
    if promotion is None:
        manifest = await newest_promotion(client, environment, namespace, application)
    else:
        manifest = await client.get(Promotion.type(), promotion, namespace)
    name = manifest["metadata"]["name"]
    step = await get_or_none(client, PipelineStep.type(), f"{name}-verdict", namespace)
    status: dict[str, Any] = (step or {}).get("status") or {}
    outputs: dict[str, Any] = status.get("outputs") or {}
    if "decision" not in outputs:
        state = (manifest.get("status") or {}).get("message") or "it has not come to it"
        raise NotFound(
            f"{name} has no verdict: {state}",
            remedy=f"`idp-cli promotion watch {application} -e {environment} -n {namespace}` "
            "follows it.",
        )
    return {"promotion": name, "message": status.get("message", ""), **outputs}
