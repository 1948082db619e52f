"""`PromotionSet`: several applications that are promoted together."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from idp.capabilities.promotion.kinds.words import Line, Name, ObjectName
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

SetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]


class SetMember(Model):
    """One application of a set.

    Attributes:
        application: Name of the WebApplication; each is in a set once.
        release: Name of the Release.
        after: Applications of the set that must have succeeded before this one commits.
    """

    application: Name
    release: ObjectName
    after: list[Name] = Field(default_factory=list, max_length=20)


class PromotionSetSpec(Model):
    """What comes together, or not at all; it never changes.

    Attributes:
        members: The applications, all of this namespace.
        initiator: User who started it; must be the one who creates the object.
        reason: Why.
    """

    members: list[SetMember] = Field(min_length=2, max_length=20)
    initiator: Line
    reason: str = Field(default="", max_length=2000)


class MemberStatus(Model):
    """How far one application is.

    Attributes:
        application: Its name.
        promotion: Name of its Promotion.
        phase: `Gates` while it waits for its own gates, `Ready` when it waits for the set only,
            `Committing` once the set lets it, then how its promotion ended; `RollingBack` and
            `RolledBack` when the set failed after it had succeeded.
        message: What its promotion says.
    """

    application: str
    promotion: str
    phase: Literal[
        "Gates", "Ready", "Committing", "Succeeded", "Failed", "RollingBack", "RolledBack"
    ]
    message: str = ""


class PromotionSetStatus(Status):
    """How far the set is.

    Attributes:
        phase: `Failed` is said only when everything that had been done is undone.
        message: What it waits for, or why it failed.
        failure: Why it goes back; set once, before anything is undone.
        cleared: Applications that may commit.
        members: How far each is.
    """

    phase: Literal["Pending", "Running", "RollingBack", "Succeeded", "Failed"] = "Pending"
    message: str = ""
    failure: str = ""
    cleared: list[str] = Field(default_factory=list)
    members: list[MemberStatus] = Field(default_factory=list)


class PromotionSet(Resource[PromotionSetSpec, PromotionSetStatus]):
    """Applications that are promoted together, in the order of their dependencies, all or none."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="promotionsets",
        short_names=("pset",),
        columns=(
            PrinterColumn(name="Phase", path=".status.phase"),
            PrinterColumn(name="Message", path=".status.message"),
        ),
        validations=(
            ("self.spec == oldSelf.spec", "a set never changes: start another"),
            # Names of its promotions are made of its own and its members'.
            ("self.metadata.name.size() <= 80", "metadata.name must be at most 80 characters"),
        ),
    )
