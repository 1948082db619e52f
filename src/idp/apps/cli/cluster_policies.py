"""Gathers what the trust policy of an instance is, and renders it for clusters."""

from __future__ import annotations

from urllib.parse import urlsplit

from idp.apps.cli.connection import connect
from idp.apps.cli.proof import trusted_keys
from idp.apps.platform.files import read_json
from idp.apps.platform.layout import Layout
from idp.capabilities.promotion.kinds import Release
from idp.capabilities.signing.cluster_policies import ClusterTrust, cluster_policies
from idp.capabilities.signing.kinds import TRUST_POLICY, TrustPolicy, TrustPolicySpec
from idp.kernel.client import get_or_none
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest

_ADMITTED = "Admitted"


async def rendered(layout: Layout, user: str | None, environment: str) -> list[Manifest]:
    """The objects for one environment."""
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        manifest = await get_or_none(client, TrustPolicy.type(), TRUST_POLICY)
        releases = (await client.list(Release.type())).items
        origin = platform.environments[0]
        keys = trusted_keys(platform, environment)
        authorities = read_json(layout.instance(environment).authorities) or {}
        hub = platform.settings.hub_url
    admitted = [
        release["spec"]["image"]
        for release in releases
        if environment == origin or (condition_of(release, _ADMITTED) or {}).get("status") == "True"
    ]
    trust = ClusterTrust(
        origin=origin,
        keys=keys,
        policy=TrustPolicySpec() if manifest is None else TrustPolicy.parse(manifest).spec,
        images=admitted,
        registry=urlsplit(hub).netloc,
        certificate_authorities=authorities.get("certificates", ()),
        fulcio_url=f"{hub}/signing",
    )
    return cluster_policies(trust)
