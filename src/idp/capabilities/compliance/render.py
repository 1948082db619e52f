"""The objects that every instance starts with. Pure."""

from __future__ import annotations

from idp.capabilities.compliance.catalogue import FRAMEWORKS
from idp.capabilities.compliance.kinds import ComplianceReport
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest


def reports() -> list[Manifest]:
    """A ComplianceReport for each framework, named as it is."""
    return [render(ComplianceReport.type(), name, spec={"framework": name}) for name in FRAMEWORKS]
