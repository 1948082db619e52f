"""What `promotion abort` and `promotion retry` do: each creates one object and follows it."""

from __future__ import annotations

import asyncio
import time

import typer

from idp.apps.cli.connection import connect
from idp.apps.cli.promote import FOLLOW_SECONDS, follow_by_name, newest_promotion
from idp.apps.platform.layout import Layout
from idp.apps.promotion_requests import abort_of, retry_of
from idp.capabilities.promotion.decide.promotion_status import ABORTED, has_ended
from idp.capabilities.promotion.kinds import Promotion, PromotionAbort
from idp.kernel.client import Client, get_or_none
from idp.kernel.conditions import is_true
from idp.kernel.errors import Conflict, DeadlineExceeded
from idp.kernel.resource import Manifest

LOOK_SECONDS = 0.25


async def abort(
    layout: Layout, user: str | None, environment: str, namespace: str, name: str, reason: str
) -> None:
    """Order a promotion to stop, and wait until it has."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        promotion = await find(client, environment, namespace, name, running=True)
        place = f"-e {environment} -n {namespace}"
        await client.create(PromotionAbort.type(), abort_of(promotion, platform.user, reason))
        ended = await _end(client, promotion, place)
    status, application = ended["status"], ended["spec"]["application"]
    if not is_true(ended, ABORTED):
        raise Conflict(
            f"it came too late: {ended['metadata']['name']} has ended as {status['phase']}",
            remedy=f'To go back: `idp-cli rollback {application} {place} --reason "..."`.',
        )
    typer.echo(f"{ended['metadata']['name']}: {status['message']}")


async def _end(client: Client, promotion: Manifest, place: str) -> Manifest:
    meta, deadline = promotion["metadata"], time.monotonic() + FOLLOW_SECONDS
    while time.monotonic() < deadline:
        promotion = await client.get(Promotion.type(), meta["name"], meta["namespace"])
        if has_ended(promotion):
            return promotion
        await asyncio.sleep(LOOK_SECONDS)
    raise DeadlineExceeded(
        f"{meta['name']} has not ended within {FOLLOW_SECONDS:.0f} s; the abort stays in force",
        remedy=f"`idp-cli promotion watch {promotion['spec']['application']} {place}` follows it.",
    )


async def retry(
    layout: Layout, user: str | None, environment: str, namespace: str, name: str, reason: str
) -> None:
    """Start a promotion that does again what an ended one did, and follow it."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        promotion = await find(client, environment, namespace, name, running=False)
        former = promotion["metadata"]["name"]
        if not has_ended(promotion):
            raise Conflict(
                f"{former} has not ended, so there is nothing to try again",
                remedy=f"Follow it: `idp-cli promotion watch {promotion['spec']['application']} "
                f"-e {environment} -n {namespace}`; or abort it.",
            )
        created = await client.create(Promotion.type(), retry_of(promotion, platform.user, reason))
        typer.echo(f"{created['metadata']['name']} tries {former} again.")
        await follow_by_name(client, namespace, created["metadata"]["name"], environment)


async def find(
    client: Client, environment: str, namespace: str, name: str, *, running: bool
) -> Manifest:
    """A promotion by its name, else by its application's.

    Args:
        client: Of the environment.
        environment: Its name, for what is said.
        namespace: Of the promotion.
        name: Of the promotion or of the application.
        running: Whether the application's one that has not ended is meant, not its newest.

    Raises:
        NotFound: There is none.
        Conflict: It has ended, and one that runs is meant.
    """
    promotion = await get_or_none(client, Promotion.type(), name, namespace)
    if promotion is None:
        newest = await newest_promotion(client, environment, namespace, name)
        listed = (await client.list(Promotion.type(), namespace)).items
        open_ones = [p for p in listed if p["spec"]["application"] == name and not has_ended(p)]
        if running and len(open_ones) > 1:
            names = ", ".join(sorted(p["metadata"]["name"] for p in open_ones))
            raise Conflict(f"{name} has several: {names}", remedy="Name the one that you mean.")
        promotion = open_ones[0] if running and open_ones else newest
    if running and has_ended(promotion):
        status = promotion["status"]
        application = promotion["spec"]["application"]
        raise Conflict(
            f"{promotion['metadata']['name']} has ended as {status['phase']}: "
            f"{status.get('message', '')}",
            remedy="There is nothing to stop. To go back: "
            f'`idp-cli rollback {application} -e {environment} -n {namespace} --reason "..."`.',
        )
    return promotion
