"""The areas of the platform: the built-in ones, and those of installed packages."""

from __future__ import annotations

from functools import cache
from typing import Any

from idp.capabilities.applications.capability import CAPABILITY as applications
from idp.capabilities.building.capability import CAPABILITY as building
from idp.capabilities.compliance.capability import CAPABILITY as compliance
from idp.capabilities.configuration.capability import CAPABILITY as configuration
from idp.capabilities.environments.capability import CAPABILITY as environments
from idp.capabilities.notifications.capability import CAPABILITY as notifications
from idp.capabilities.promotion.capability import CAPABILITY as promotion
from idp.capabilities.scanning.capability import CAPABILITY as scanning
from idp.capabilities.signing.capability import CAPABILITY as signing
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
    notifications,
    compliance,
)


@cache
def capabilities() -> tuple[Capability, ...]:
    """All areas."""
    return tuple(load(BUILT_IN))


def kinds() -> list[type[Resource[Any, Any]]]:
    """All kinds of the platform, by name."""
    found = [kind for capability in capabilities() for kind in capability.kinds]
    return sorted(found, key=lambda kind: kind.__name__)
