"""Telling a VirtualService whether it is served: Istio's condition `Reconciled`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from idp.kernel.client import Client
from idp.kernel.clock import timestamp
from idp.kernel.conditions import condition_of
from idp.kernel.errors import IdpError, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import VIRTUAL_SERVICE

TYPE = "Reconciled"


def condition(problem: IdpError | None, former: Manifest | None, now: datetime) -> Manifest:
    """The condition; its transition time moves only with its status."""
    wanted: Manifest = {"type": TYPE, "status": "True", "reason": "Served", "message": ""}
    if problem is not None:
        text = problem.message if problem.remedy is None else f"{problem.message}. {problem.remedy}"
        wanted |= {"status": "False", "reason": problem.code, "message": text}
    same = former is not None and former.get("status") == wanted["status"]
    since = former.get("lastTransitionTime") if same and former else None
    return {**wanted, "lastTransitionTime": since or timestamp(now)}


async def report(
    client: Client,
    manifest: Manifest,
    problems: Mapping[tuple[str, str], IdpError],
    *,
    now: datetime,
) -> None:
    """Write the condition of a VirtualService when it says something new."""
    meta = manifest["metadata"]
    namespace, name = meta.get("namespace", "default"), meta["name"]
    former = condition_of(manifest, TYPE)
    wanted = condition(problems.get((namespace, name)), former, now)
    status = manifest.get("status") or {}
    generation = meta.get("generation", 0)
    if former == wanted and status.get("observedGeneration") == generation:
        return
    others = [c for c in status.get("conditions") or () if c.get("type") != TYPE]
    patch = {"status": {"conditions": [*others, wanted], "observedGeneration": generation}}
    try:
        await client.patch(VIRTUAL_SERVICE, name, patch, namespace, subresource="status")
    except NotFound:  # deleted meanwhile
        return
