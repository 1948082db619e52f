"""Reads everything that evidence is drawn from, once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, TypeVar

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.compliance.facts import Facts
from idp.capabilities.compliance.ports import Records
from idp.capabilities.environments.kinds import IDPInstance, PromotionPipeline
from idp.capabilities.promotion.kinds import Release, Review
from idp.capabilities.scanning.kinds import PROFILE, SecurityProfile, VulnerabilityException
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import timestamp
from idp.kernel.errors import Invalid
from idp.kernel.resource import Resource, ResourceType
from idp.kernel.standard import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    NETWORK_POLICY,
    ROLE_BINDING,
    VALIDATING_ADMISSION_POLICY_BINDING,
)

_PIPELINE = "default"
_R = TypeVar("_R", bound=Resource[Any, Any])


async def gather(
    client: Client, records: Records, environment: str, now: datetime, period_days: int
) -> Facts:
    """The facts of an instance at this moment.

    Args:
        client: Its API, with the rights of the controllers.
        records: Its history.
        environment: Its name.
        now: The moment.
        period_days: How far back promotions count.
    """
    since = timestamp(now - timedelta(days=period_days))
    bindings = [
        *(await client.list(CLUSTER_ROLE_BINDING)).items,
        *(await client.list(ROLE_BINDING)).items,
    ]
    profile = await _parsed(client, SecurityProfile, PROFILE)
    pipeline = await _parsed(client, PromotionPipeline, _PIPELINE)
    instance = await _parsed(client, IDPInstance, environment)
    return Facts(
        environment=environment,
        now=now,
        period_days=period_days,
        audit=await asyncio.to_thread(records.audit),
        backups=await asyncio.to_thread(records.backups),
        promotions=await asyncio.to_thread(records.promotions, since),
        scans=await asyncio.to_thread(records.scans),
        standings=await asyncio.to_thread(records.standings, timestamp(now)),
        endpoints=await asyncio.to_thread(records.endpoints),
        profile=profile.spec if profile else None,
        pipeline=pipeline.spec if pipeline else None,
        exceptions=[
            VulnerabilityException.parse(manifest)
            for manifest in (await client.list(VulnerabilityException.type())).items
        ],
        releases={
            manifest["metadata"]["name"]: manifest["spec"]["source"]["author"]
            for manifest in (await client.list(Release.type())).items
        },
        bindings=bindings,
        roles={
            role["metadata"]["name"]: role.get("rules") or []
            for role in (await client.list(CLUSTER_ROLE)).items
        },
        enforced=await _enforced(client),
        applications=sorted(await _names(client, WebApplication.type())),
        isolated=frozenset(await _names(client, NETWORK_POLICY)),
        components=instance.status.components if instance and instance.status else [],
        on_cluster=instance is not None and instance.spec.target == "cluster",
        reviews=[Review.parse(m) for m in (await client.list(Review.type())).items],
    )


async def _parsed(client: Client, kind: type[_R], name: str) -> _R | None:
    manifest = await get_or_none(client, kind.type(), name)
    try:
        return kind.parse(manifest) if manifest is not None else None
    except Invalid:
        return None  # its own controller says what is wrong


async def _enforced(client: Client) -> frozenset[str]:
    listed = await client.list(VALIDATING_ADMISSION_POLICY_BINDING)
    return frozenset(
        binding["spec"]["policyName"]
        for binding in listed.items
        if "Deny" in binding["spec"].get("validationActions", [])
    )


async def _names(client: Client, type: ResourceType) -> list[tuple[str, str]]:
    listed = await client.list(type)
    return [(m["metadata"]["namespace"], m["metadata"]["name"]) for m in listed.items]
