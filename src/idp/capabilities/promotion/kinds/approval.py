"""`Approval`: what a person decided."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from idp.capabilities.promotion.kinds.words import (
    Digest,
    Line,
    Name,
    ObjectName,
)
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status


class Acceptance(Model):
    """A gap in the evidence that an approver accepts.

    Attributes:
        name: Name of the gap as the verdict lists it, such as `dependencies`.
        until: Last moment at which the acceptance counts.
    """

    name: Line
    until: datetime


class ApprovalSpec(Model):
    """What somebody decided; it never changes.

    Attributes:
        promotion: Name of the Promotion.
        release_digest: The release that was looked at.
        target: Environment.
        policy_version: Version of the PromotionPipeline and the SecurityProfile under which it
            was decided.
        decision: `approve` or `reject`.
        approver: The user who decides; must be the one who creates the object.
        approver_groups: Groups of the approver that give the right to approve; each must be one
            that the creator of the object has.
        comment: Why; demanded for a rejection.
        accepts: Gaps in the evidence that the approver accepts by name.
        emergency: Whether it stands for every approval that is missing and opens the gates that
            may be overridden. It takes the verb `override`, a comment, ends soon, and opens a
            Review.
    """

    promotion: ObjectName
    release_digest: Digest
    target: Name
    policy_version: Digest
    decision: Literal["approve", "reject"]
    approver: Line
    approver_groups: list[Line] = Field(default_factory=list, max_length=200)
    comment: str = Field(default="", max_length=2000)
    accepts: list[Acceptance] = Field(default_factory=list, max_length=100)
    emergency: bool = False


class ApprovalStatus(Status):
    """Nothing is reported of an approval: it is a fact."""


class Approval(Resource[ApprovalSpec, ApprovalStatus]):
    """A decision of one person about one promotion of one digest."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="approvals",
        columns=(
            PrinterColumn(name="Promotion", path=".spec.promotion"),
            PrinterColumn(name="Decision", path=".spec.decision"),
            PrinterColumn(name="Approver", path=".spec.approver"),
        ),
        validations=(
            ("self.spec == oldSelf.spec", "an approval never changes"),
            (
                "self.spec.decision == 'approve' || self.spec.comment != ''",
                "a rejection needs a comment",
            ),
            (
                "!self.spec.emergency || "
                "(self.spec.decision == 'approve' && self.spec.comment != '')",
                "an emergency override approves, and needs a comment",
            ),
        ),
    )
