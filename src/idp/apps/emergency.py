"""Starts a promotion and overrides what it would wait for, from wherever it is done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from idp.apps.promotion_requests import approval_of
from idp.capabilities.promotion.kinds import Approval, Promotion
from idp.kernel.errors import DeadlineExceeded
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest

_LOOK_AGAIN = 0.25
_NOTHING = f"sha256:{'0' * 64}"


async def promote_in_emergency(
    client: HttpClient,
    environment: str,
    wanted: Manifest,
    approver: str,
    groups: Sequence[str],
    *,
    seconds: float,
) -> Manifest:
    """Create a Promotion, and the emergency Approval as soon as it says what that is bound to.

    Args:
        client: The environment's API, as the person.
        environment: The target.
        wanted: The Promotion, with a reason.
        approver: The person.
        groups: The person's groups.
        seconds: How long the promotion may take to begin.

    Raises:
        Forbidden: The person may not override here; nothing was started.
        DeadlineExceeded: It was started, but did not begin in time.
    """
    namespace, reason = wanted["metadata"]["namespace"], wanted["spec"]["reason"]

    async def override(name: str, status: Manifest, *, dry_run: bool = False) -> None:
        approval = approval_of(
            namespace=namespace,
            promotion=name,
            release_digest=status["releaseDigest"],
            policy_version=status["policyVersion"],
            target=environment,
            decision="approve",
            approver=approver,
            groups=groups,
            comment=reason,
            accepts=[],
            days=1,
            emergency=True,
        )
        await client.create(Approval.type(), approval, dry_run=dry_run)

    # Who may not override hears it before anything is started.
    probe = {"releaseDigest": _NOTHING, "policyVersion": _NOTHING}
    await override(wanted["spec"]["release"], probe, dry_run=True)
    promotion = await client.create(Promotion.type(), wanted)
    name, deadline = promotion["metadata"]["name"], time.monotonic() + seconds
    while not (promotion.get("status") or {}).get("policyVersion"):
        if time.monotonic() > deadline:
            raise DeadlineExceeded(
                f"promotion {name} was started but does not begin, so that it is not overridden",
                remedy="See whether the instance does its work: `idp-cli status`. Then: `idp-cli "
                f"approve {wanted['spec']['application']} -e {environment} -n {namespace} "
                "--emergency --reason ...`.",
            )
        await asyncio.sleep(_LOOK_AGAIN)
        promotion = await client.get(Promotion.type(), name, namespace)
    await override(name, promotion["status"])
    return promotion
