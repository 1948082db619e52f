"""What is proved of a release, read from the registry as who is signed in."""

from __future__ import annotations

from idp.apps.cli.connection import Platform
from idp.apps.platform.pins import instance_trust
from idp.apps.proof import contents
from idp.capabilities.promotion.decide.release_diff import Contents
from idp.capabilities.promotion.kinds import Release
from idp.capabilities.signing.kinds import InstanceTrust
from idp.kernel.capability import Remote
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest
from idp.protocols.oci.client import HttpRegistry


def trust_of(platform: Platform, environment: str) -> InstanceTrust:
    """What an instance trusts.

    Raises:
        NotFound: There is no such environment.
    """
    return instance_trust(platform.layout, environment, platform.instance(environment))


def origin_of(platform: Platform) -> str:
    """The environment that builds."""
    return platform.environments[0]


def registry_of(platform: Platform) -> HttpRegistry:
    """The registry, as who is signed in."""
    assert platform.session is not None
    session = platform.session
    return HttpRegistry(Remote(platform.settings.hub_url, session.user, session.token))


async def find_release(
    platform: Platform, environment: str, namespace: str, name: str, version: str | None
) -> Manifest:
    """The newest release of an application that an instance knows, or one by its version.

    Raises:
        NotFound: It knows none.
    """
    listed = (await platform.instance(environment).list(Release.type(), namespace)).items
    found = [
        release
        for release in listed
        if release["spec"]["application"] == name and version in (None, release["spec"]["version"])
    ]
    if not found:
        raise NotFound(
            f"{environment} knows no release {version or ''} of {name}".replace("  ", " "),
            remedy=f"`idp-cli release list {name} -n {namespace} -e {environment}` shows what it "
            "knows.",
        )
    return max(found, key=lambda release: release["spec"]["source"]["count"])


async def contents_of(platform: Platform, environment: str, release: Manifest) -> Contents:
    """A release with the evidence about its image that holds; what does not hold is left out."""
    async with registry_of(platform) as registry:
        trust = await trust_of(platform, environment).anchors_of(origin_of(platform))
        return await contents(registry, release, trust)
