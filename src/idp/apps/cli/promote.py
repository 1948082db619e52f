"""What `promote`, `approve`, `reject` and `rollback` do: each creates one object and follows it."""

from __future__ import annotations

import asyncio
import functools
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import typer

from idp.apps.cli.connection import Platform, connect
from idp.apps.cli.follow import PipelineFailed, follow_promotion, show_promotion
from idp.apps.cli.progress import Progress
from idp.apps.platform.layout import Layout
from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.kinds import Approval, PipelineStep, Promotion, Release
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import timestamp
from idp.kernel.errors import DeadlineExceeded, InvalidInput, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest

FOLLOW_SECONDS = 300.0


async def promote(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    version: str | None,
) -> None:
    """Start the promotion of a release and follow it."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        release = await _choose_release(client, environment, namespace, name, version)
        await client.create(
            Promotion.type(),
            {
                "metadata": {"generateName": f"{release}-", "namespace": namespace},
                "spec": {
                    "application": name,
                    "release": release,
                    "initiator": platform.user,
                },
            },
        )
        with Progress(f"{name} to {environment}") as progress:
            promotion = await follow_promotion(
                client,
                progress,
                progress.root,
                namespace=namespace,
                application=name,
                release=release,
                until_approval=True,
                seconds=FOLLOW_SECONDS,
            )
    status = promotion.get("status") or {}
    if status.get("phase") == "Running":
        typer.echo(f"\nIt waits for approval. Next: {status.get('remedy', '')}")


async def _choose_release(
    client: HttpClient, environment: str, namespace: str, name: str, version: str | None
) -> str:
    pipeline = await client.get(PromotionPipeline.type(), "default")
    previous = pipeline["spec"].get("previous")
    found = [
        release
        for release in (await client.list(Release.type(), namespace)).items
        if release["spec"]["application"] == name
        and (version is None or release["spec"]["version"] == version)
        and (
            version is not None
            or not previous
            or previous in (release.get("status") or {}).get("verifiedIn", [])
        )
    ]
    if not found:
        what = f"release {version}" if version else f"release verified in {previous or 'git'}"
        raise NotFound(
            f"{environment} knows no {what} of {name}",
            remedy=f"`idp-cli release list {name} -n {namespace} -e {environment}` shows what it "
            "knows.",
        )
    newest = max(found, key=lambda release: release["spec"]["source"]["count"])
    return str(newest["metadata"]["name"])


async def newest_promotion(client: Client, environment: str, namespace: str, name: str) -> Manifest:
    """The newest promotion of an application.

    Raises:
        NotFound: It has none.
    """
    found = [
        promotion
        for promotion in (await client.list(Promotion.type(), namespace)).items
        if promotion["spec"]["application"] == name
    ]
    if not found:
        raise NotFound(
            f"{name} has no promotion in {environment}",
            remedy=f"Start one: `idp-cli promote {name} --to {environment}`.",
        )
    return max(found, key=lambda p: str(p["metadata"]["creationTimestamp"]))


async def waiting_promotion(
    client: Client, environment: str, namespace: str, name: str
) -> Manifest:
    """The promotion of an application that waits for people.

    Raises:
        NotFound: None does; the message says what the newest one does instead.
    """
    promotions = [
        promotion
        for promotion in (await client.list(Promotion.type(), namespace)).items
        if promotion["spec"]["application"] == name
    ]
    promotions.sort(key=lambda p: str(p["metadata"]["creationTimestamp"]), reverse=True)
    for promotion in promotions:
        if _waits(promotion.get("status") or {}):
            return promotion
    newest = promotions[0] if promotions else None
    status = (newest or {}).get("status") or {}
    state = f"; the newest is {status.get('phase')}: {status.get('message')}" if newest else ""
    raise NotFound(
        f"no promotion of {name} waits for approval in {environment}{state}",
        remedy=f"`idp-cli promotion list {name} -n {namespace}` shows all.",
    )


def _waits(status: Manifest) -> bool:
    """Whether a promotion waits for people; a superseded one keeps its steps as they were."""
    steps = {step["name"]: step["phase"] for step in status.get("steps") or []}
    return status.get("phase") == "Running" and steps.get("approval") == "Running"


async def decide(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    *,
    decision: Literal["approve", "reject"],
    comment: str,
    accepts: list[str],
    days: int,
) -> None:
    """Record a decision about the promotion that waits, and follow what comes of an approval."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        promotion = await waiting_promotion(client, environment, namespace, name)
        record = functools.partial(
            create_approval,
            platform,
            promotion,
            environment,
            decision=decision,
            comment=comment,
            accepts=accepts,
            days=days,
        )
        # Who may not decide hears that first, not what the evidence lacks.
        await record(dry_run=True)
        if decision == "approve":
            _demand_acceptance(await must_accept(client, promotion), accepts, name, environment)
        await record()
        typer.echo(f"{platform.user}: {decision} {promotion['metadata']['name']} in {environment}.")
        if decision == "approve":
            status = await follow_by_name(
                client, namespace, promotion["metadata"]["name"], environment
            )
            if status["phase"] == "Superseded":
                raise PipelineFailed(
                    f"the promotion was {status['message']}",
                    remedy=f"Approve that one: `idp-cli approve {name} -e {environment}`.",
                )


async def must_accept(client: HttpClient, promotion: Manifest) -> list[str]:
    """Names of the gaps in the evidence that an approver of this promotion must accept."""
    verdict = f"{promotion['status']['workflow']}-verdict"
    step = await get_or_none(
        client, PipelineStep.type(), verdict, promotion["metadata"]["namespace"]
    )
    outputs = ((step or {}).get("status") or {}).get("outputs") or {}
    return [str(gap) for gap in outputs.get("mustAccept", [])]


def _demand_acceptance(
    gaps: list[str], accepts: list[str], application: str, environment: str
) -> None:
    if missing := [gap for gap in gaps if gap not in accepts]:
        flags = " ".join(f"--accept {gap}" for gap in gaps)
        raise InvalidInput(
            f"the evidence has gaps that nobody accepted yet: {', '.join(missing)}",
            remedy=f"`idp-cli promotion explain {application} -e {environment}` says what they "
            "are. To accept them: "
            f"`idp-cli approve {application} -e {environment} {flags} --days 30`.",
        )


async def create_approval(
    platform: Platform,
    promotion: Manifest,
    environment: str,
    *,
    decision: Literal["approve", "reject"],
    comment: str = "",
    accepts: list[str],
    days: int,
    dry_run: bool = False,
) -> None:
    """Create the Approval: bound to the release, the target and the policy that were looked at."""
    assert platform.session is not None
    meta, status = promotion["metadata"], promotion["status"]
    until = timestamp(datetime.now(UTC) + timedelta(days=days))
    await platform.instance(environment).create(
        Approval.type(),
        {
            "metadata": {"generateName": f"{meta['name']}-", "namespace": meta["namespace"]},
            "spec": {
                "promotion": meta["name"],
                "releaseDigest": status["releaseDigest"],
                "target": environment,
                "policyVersion": status["policyVersion"],
                "decision": decision,
                "approver": platform.session.user,
                "approverGroups": list(platform.session.groups),
                "comment": comment,
                "accepts": [{"name": gap, "until": until} for gap in accepts],
            },
        },
        dry_run=dry_run,
    )


async def rollback(
    layout: Layout, user: str | None, environment: str, namespace: str, name: str, reason: str
) -> None:
    """Start a rollback and follow it to its end."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        created = await client.create(
            Promotion.type(),
            {
                "metadata": {"generateName": f"{name}-rollback-", "namespace": namespace},
                "spec": {
                    "application": name,
                    "action": "rollback",
                    "initiator": platform.user,
                    "reason": reason,
                },
            },
        )
        await follow_by_name(client, namespace, created["metadata"]["name"], environment)


async def follow_by_name(
    client: HttpClient, namespace: str, name: str, environment: str
) -> dict[str, Any]:
    """Follow a promotion or rollback until it succeeds or is superseded; gives its status.

    Raises:
        PipelineFailed: It failed.
        DeadlineExceeded: It took too long.
    """
    deadline = time.monotonic() + FOLLOW_SECONDS
    with Progress(f"{name} in {environment}") as progress:
        while time.monotonic() < deadline:
            promotion = await client.get(Promotion.type(), name, namespace)
            show_promotion(progress, progress.root, promotion)
            status: dict[str, Any] = promotion.get("status") or {}
            if status.get("phase") == "Failed":
                raise PipelineFailed(status["message"], remedy=status.get("remedy") or None)
            if status.get("phase") in ("Succeeded", "Superseded"):
                return status
            await asyncio.sleep(0.25)
    raise DeadlineExceeded(
        f"{name} did not end within {FOLLOW_SECONDS:.0f} s",
        remedy=f"`idp-cli promotion watch -e {environment} -n {namespace} ...` goes on watching.",
    )
