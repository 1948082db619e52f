"""What compliance registers."""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.compliance.controllers.automation import AutomationReconciler
from idp.capabilities.compliance.controllers.reports import ReportReconciler
from idp.capabilities.compliance.kinds import ComplianceReport, SecurityAutomation
from idp.capabilities.compliance.render import reports
from idp.kernel.capability import Capability, Context
from idp.kernel.controller import Runnable
from idp.kernel.errors import MissingPrerequisite


def _controllers(context: Context) -> Sequence[Runnable]:
    """What runs inside an instance; `options["records"]` reads its history (`ports.Records`)."""
    records = context.options.get("records")
    if records is None:
        raise MissingPrerequisite("compliance needs to know how the history is read: records")
    return [
        ReportReconciler(context.client, records, context.environment).controller(),
        AutomationReconciler(context.client, records, context.environment).controller(),
    ]


CAPABILITY = Capability(
    name="compliance",
    kinds=(ComplianceReport, SecurityAutomation),
    controllers=_controllers,
    manifests=lambda environment: reports(),
)
