"""`DriftReport`: where an application is not what was promoted."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from idp.capabilities.promotion.kinds.words import Name
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status


class DriftReportSpec(Model):
    """What is compared.

    Attributes:
        application: Name of the WebApplication.
    """

    application: Name


class Difference(Model):
    """One field that is not the same everywhere; what is not there is empty.

    Attributes:
        field: Kind and path, such as `WebApplication spec.port`.
        ledger: As it was promoted last.
        git: As the environment's repository says now.
        running: As it is.
        between: `git` when Git is not what was promoted, `running` when what runs is not what Git
            says.
        action: What is done about it, by the PromotionPipeline.
    """

    field: str
    ledger: str = ""
    git: str = ""
    running: str = ""
    between: Literal["git", "running"]
    action: Literal["heal", "raise"]


class DriftReportStatus(Status):
    """What was found.

    Attributes:
        promotion: The promotion that was the last to succeed.
        commit: What it committed.
        head: Commit that Git is at.
        differences: All of them, up to a hundred.
    """

    promotion: str = ""
    commit: str = ""
    head: str = ""
    differences: list[Difference] = Field(default_factory=list)


class DriftReport(Resource[DriftReportSpec, DriftReportStatus]):
    """An application compared three ways: ledger, Git, running. The platform writes it."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="driftreports",
        short_names=("drift",),
        columns=(
            PrinterColumn(name="In sync", path='.status.conditions[?(@.type=="InSync")].status'),
            PrinterColumn(name="Message", path='.status.conditions[?(@.type=="InSync")].message'),
        ),
    )
