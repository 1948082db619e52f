"""The objects that every instance starts with. Pure."""

from __future__ import annotations

from idp.capabilities.compliance.catalogue import FRAMEWORKS
from idp.capabilities.compliance.kinds import ComplianceReport, FrameworkName
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest


def report(name: FrameworkName) -> Manifest:
    """The ComplianceReport of a framework, named as it is."""
    return render(ComplianceReport.type(), name, spec={"framework": name})


def reports() -> list[Manifest]:
    """One for each framework."""
    return [report(name) for name in FRAMEWORKS]
