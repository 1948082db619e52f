"""The areas of the platform: the built-in ones, and those of installed packages."""

from __future__ import annotations

from functools import cache
from typing import Any

from idp.capabilities.applications.capability import capability as applications
from idp.capabilities.building.capability import capability as building
from idp.capabilities.configuration.capability import capability as configuration
from idp.capabilities.environments.capability import capability as environments
from idp.capabilities.promotion.capability import capability as promotion
from idp.capabilities.scanning.capability import capability as scanning
from idp.capabilities.signing.capability import capability as signing
from idp.kernel.capability import Capability, load
from idp.kernel.resource import Resource

BUILT_IN = (
    applications,
    configuration,
    environments,
    building,
    scanning,
    signing,
    promotion,
)


@cache
def capabilities() -> tuple[Capability, ...]:
    """All areas."""
    return tuple(load(BUILT_IN))


def kinds() -> list[type[Resource[Any, Any]]]:
    """All kinds of the platform, by name."""
    found = [kind for capability in capabilities() for kind in capability.kinds]
    return sorted(found, key=lambda kind: kind.__name__)
