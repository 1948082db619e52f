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
    """The outputs of the `verdict` step with its message, and under `gates` how each stands.

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
    gates = await _outputs(client, f"{name}-gates", namespace)
    measured = (await _outputs(client, f"{name}-performance", namespace)).get("gates") or {}
    return {
        "promotion": name,
        "message": status.get("message", ""),
        **outputs,
        "override": gates.get("override") or {},
        "gates": [
            {
                **{key: value for key, value in gate.items() if key != "memory"},
                **measured.get(gate["name"], {}),
            }
            for gate in gates.get("gates") or []
        ],
    }


async def _outputs(client: Client, step: str, namespace: str) -> dict[str, Any]:
    found = await get_or_none(client, PipelineStep.type(), step, namespace)
    outputs: dict[str, Any] = ((found or {}).get("status") or {}).get("outputs") or {}
    return outputs
