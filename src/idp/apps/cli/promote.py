"""What `promote`, `approve`, `reject` and `rollback` do: each creates one object and follows it."""

from __future__ import annotations

import asyncio
import functools
import time
from typing import Any, Literal

import typer

from idp.apps.cli.connection import Platform, connect
from idp.apps.cli.follow import (
    PipelineFailed,
    follow_promotion,
    held_at_gates,
    show_promotion,
)
from idp.apps.cli.progress import Progress
from idp.apps.platform.layout import Layout
from idp.apps.promotion_requests import approval_of, promotion_of, rollback_of
from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.kinds import Approval, PipelineStep, Promotion, Release
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import DeadlineExceeded, InvalidInput, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest

FOLLOW_SECONDS = 300.0
HELD_SECONDS = 10.0
"""A gate that is shut for longer than this is not waited for: an approval may just have come, and
a short workflow end."""


async def promote(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    version: str | None,
    *,
    reason: str = "",
    hotfix: bool = False,
    emergency: bool = False,
) -> None:
    """Start the promotion of a release and follow it."""
    if (hotfix or emergency) and not reason:
        raise InvalidInput("what goes past the rules has a reason", remedy="Add `--reason`.")
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        release = await _choose_release(
            client, environment, namespace, name, version, hotfix=hotfix
        )
        wanted = promotion_of(namespace, name, release, platform.user, reason=reason, hotfix=hotfix)
        if emergency:  # who may not override hears it before anything is started
            await _demand_override(platform, environment, namespace, release, reason)
        created = await client.create(Promotion.type(), wanted)
        if emergency:
            await _override(platform, environment, created, reason)
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
        typer.echo(f"\nIt waits: {status.get('message', '')}\nNext: {status.get('remedy', '')}")


async def _demand_override(
    platform: Platform, environment: str, namespace: str, release: str, reason: str
) -> None:
    nothing = f"sha256:{'0' * 64}"
    probe = {
        "metadata": {"name": release, "namespace": namespace},
        "status": {"releaseDigest": nothing, "policyVersion": nothing},
    }
    await create_approval(
        platform,
        probe,
        environment,
        decision="approve",
        comment=reason,
        accepts=[],
        days=1,
        emergency=True,
        dry_run=True,
    )


async def _override(platform: Platform, environment: str, promotion: Manifest, reason: str) -> None:
    """Override as soon as the promotion says what release and rules it is about."""
    meta, client = promotion["metadata"], platform.instance(environment)
    deadline = time.monotonic() + 60
    while not (promotion.get("status") or {}).get("policyVersion"):
        if time.monotonic() > deadline:
            raise DeadlineExceeded(
                f"promotion {meta['name']} does not begin",
                remedy="See whether the instance does its work: `idp-cli status`.",
            )
        await asyncio.sleep(0.25)
        promotion = await client.get(Promotion.type(), meta["name"], meta["namespace"])
    await create_approval(
        platform,
        promotion,
        environment,
        decision="approve",
        comment=reason,
        accepts=[],
        days=1,
        emergency=True,
    )


async def _choose_release(
    client: HttpClient,
    environment: str,
    namespace: str,
    name: str,
    version: str | None,
    *,
    hotfix: bool = False,
) -> str:
    rules = (await client.get(PromotionPipeline.type(), "default"))["spec"]
    before = [rules["previous"]] if rules.get("previous") else []
    if hotfix:
        before = (rules.get("hotfix") or {}).get("verifiedIn") or []
    found = [
        release
        for release in (await client.list(Release.type(), namespace)).items
        if release["spec"]["application"] == name
        and (version is None or release["spec"]["version"] == version)
        and (
            version is not None
            or set(before) <= set((release.get("status") or {}).get("verifiedIn", []))
        )
    ]
    if not found:
        what = (
            f"release {version}" if version else f"release verified in {', '.join(before) or 'git'}"
        )
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
    client: Client, environment: str, namespace: str, name: str, *, gates: bool = False
) -> Manifest:
    """The promotion of an application that waits for people, or for gates if these count, too.

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
        if _waits(promotion.get("status") or {}, gates=gates):
            return promotion
    newest = promotions[0] if promotions else None
    status = (newest or {}).get("status") or {}
    state = f"; the newest is {status.get('phase')}: {status.get('message')}" if newest else ""
    raise NotFound(
        f"no promotion of {name} waits for approval in {environment}{state}",
        remedy=f"`idp-cli promotion list {name} -n {namespace}` shows all.",
    )


def _waits(status: Manifest, *, gates: bool) -> bool:
    """Whether a promotion waits for people; a superseded one keeps its steps as they were."""
    steps = {step["name"]: step for step in status.get("steps") or []}
    running = {name for name, step in steps.items() if step["phase"] == "Running"}
    if status.get("phase") != "Running" or not running & {"approval", "gates"}:
        return False
    expired = str(steps.get("gates", {}).get("message", "")).startswith("approvals:")
    return "approval" in running or gates or expired


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
    emergency: bool = False,
) -> None:
    """Record a decision about the promotion that waits, and follow what comes of an approval."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        promotion = await waiting_promotion(client, environment, namespace, name, gates=emergency)
        record = functools.partial(
            create_approval,
            platform,
            promotion,
            environment,
            decision=decision,
            comment=comment,
            accepts=accepts,
            days=days,
            emergency=emergency,
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
    emergency: bool = False,
    dry_run: bool = False,
) -> None:
    """Create the Approval: bound to the release, the target and the policy that were looked at."""
    assert platform.session is not None
    status = promotion["status"]
    await platform.instance(environment).create(
        Approval.type(),
        approval_of(
            namespace=promotion["metadata"]["namespace"],
            promotion=promotion["metadata"]["name"],
            release_digest=status["releaseDigest"],
            policy_version=status["policyVersion"],
            target=environment,
            decision=decision,
            approver=platform.session.user,
            groups=platform.session.groups,
            comment=comment,
            accepts=accepts,
            days=days,
            emergency=emergency,
        ),
        dry_run=dry_run,
    )


async def rollback(
    layout: Layout, user: str | None, environment: str, namespace: str, name: str, reason: str
) -> None:
    """Start a rollback and follow it to its end."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        created = await client.create(
            Promotion.type(), rollback_of(namespace, name, platform.user, reason)
        )
        await follow_by_name(client, namespace, created["metadata"]["name"], environment)


async def follow_by_name(
    client: HttpClient, namespace: str, name: str, environment: str
) -> dict[str, Any]:
    """Follow a promotion or rollback until it succeeds, is superseded or held at its gates.

    Gives its status.

    Raises:
        PipelineFailed: It failed.
        DeadlineExceeded: It took too long.
    """
    begun = time.monotonic()
    deadline = begun + FOLLOW_SECONDS
    status: dict[str, Any] = {}
    with Progress(f"{name} in {environment}") as progress:
        while time.monotonic() < deadline:
            promotion = await client.get(Promotion.type(), name, namespace)
            show_promotion(progress, progress.root, promotion)
            status = promotion.get("status") or {}
            if status.get("phase") == "Failed":
                raise PipelineFailed(status["message"], remedy=status.get("remedy") or None)
            if status.get("phase") in ("Succeeded", "Superseded"):
                return status
            if held_at_gates(status) and time.monotonic() - begun > HELD_SECONDS:
                break
            await asyncio.sleep(0.25)
    if held_at_gates(status):
        typer.echo(f"\nIt waits: {status['message']}\nNext: {status.get('remedy', '')}")
        return status
    raise DeadlineExceeded(
        f"{name} did not end within {FOLLOW_SECONDS:.0f} s",
        remedy=f"`idp-cli promotion watch -e {environment} -n {namespace} ...` goes on watching.",
    )
