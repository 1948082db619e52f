"""Gathers what the trust policy of an instance is, and renders it for clusters."""

from __future__ import annotations

from urllib.parse import urlsplit

from idp.apps.cli.connection import connect
from idp.apps.cli.proof import origin_of, trust_of
from idp.apps.platform.layout import Layout
from idp.capabilities.promotion.kinds import Release
from idp.capabilities.signing.cluster_policies import ClusterTrust, cluster_policies
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest

_ADMITTED = "Admitted"


async def rendered(layout: Layout, user: str | None, environment: str) -> list[Manifest]:
    """The objects for one environment."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        releases = (await client.list(Release.type())).items
        origin = origin_of(platform)
        trusted = trust_of(platform, environment)
        policy = await trusted.policy()
        hub = platform.settings.hub_url
    admitted = [
        release["spec"]["image"]
        for release in releases
        if environment == origin or (condition_of(release, _ADMITTED) or {}).get("status") == "True"
    ]
    trust = ClusterTrust(
        origin=origin,
        keys=trusted.pinned,
        policy=policy,
        images=admitted,
        registry=urlsplit(hub).netloc,
        certificate_authorities=trusted.authorities.get("certificates", ()),
        fulcio_url=f"{hub}/signing",
    )
    return cluster_policies(trust)
