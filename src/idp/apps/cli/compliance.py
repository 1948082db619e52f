"""What the commands of `compliance` do."""

from __future__ import annotations

from typing import Any

from idp.apps.cli.connection import connect
from idp.apps.platform.layout import Layout
from idp.capabilities.compliance.catalogue import Framework, framework
from idp.capabilities.compliance.document import NOTICE, OUTSIDE, STATES, page
from idp.capabilities.compliance.kinds import (
    ComplianceReport,
    ComplianceReportStatus,
    FrameworkName,
)
from idp.kernel.errors import Unavailable


class Report:
    """A report as the instance states it.

    Attributes:
        framework: Its controls.
        status: What was found.
        address: Of the hub.
    """

    def __init__(self, known: Framework, status: ComplianceReportStatus, address: str) -> None:
        self.framework = known
        self.status = status
        self.address = address

    def html(self) -> str:
        """As a page."""
        return page(self.framework, self.status, self.address)

    def document(self) -> dict[str, Any]:
        """As JSON: everything, and where each record is found."""
        body: dict[str, Any] = self.status.model_dump(
            mode="json", by_alias=True, exclude={"conditions", "observed_generation"}
        )
        titles = {control.id: control.title for control in self.framework.controls}
        body["controls"] = [{**c, "title": titles[c["id"]]} for c in body["controls"]]
        for result in body["evidence"]:
            for record in result["records"]:
                record["url"] = f"{self.address}{record.pop('path')}"
        return {
            "notice": NOTICE,
            "framework": self.framework.name,
            "title": self.framework.title,
            **body,
        }

    def rows(self, *, gaps: bool) -> list[dict[str, str]]:
        """The controls, or only those with a gap that somebody can close here."""
        titles = {control.id: control.title for control in self.framework.controls}
        evidence = {result.name: result for result in self.status.evidence}
        rows = [
            {
                "control": c.id,
                "state": STATES[c.state],
                "title": titles[c.id],
                "gap": c.gap or (OUTSIDE if c.state == "noEvidence" else ""),
                "remedy": c.remedy,
                "evidence": ", ".join(c.evidence),
                "digest": ", ".join(evidence[name].digest for name in c.evidence),
            }
            for c in self.status.controls
        ]
        if not gaps:
            return rows
        return [row for row in rows if row["state"] not in ("Met", "Not applicable")]


async def read_report(
    layout: Layout, user: str | None, environment: str, name: FrameworkName
) -> Report:
    """Read a report.

    Raises:
        NotFound: Somebody deleted it.
        Unavailable: The instance has not evaluated it yet.
    """
    async with connect(layout, user) as platform:
        manifest = await platform.instance(environment).get(ComplianceReport.type(), name)
        address = platform.settings.hub_url
    report = ComplianceReport.parse(manifest)
    if report.status is None or report.status.evaluated_at is None:
        raise Unavailable(
            f"{environment} has not evaluated {name} yet",
            remedy=f"`idp-cli describe compliancereport {name} -e {environment}` says why.",
        )
    return Report(framework(report.spec.framework), report.status, address)
