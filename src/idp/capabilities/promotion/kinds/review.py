"""`Review`: what was done past the rules is looked at afterwards, by somebody else."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from idp.capabilities.promotion.kinds.words import Digest, Line, Name, ObjectName
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status


class ReviewSpec(Model):
    """What is to be reviewed; it goes from open to closed by one change: who closes adds the name.

    Attributes:
        application: Name of the application.
        promotion: Name of the Promotion.
        release: Name of the Release.
        release_digest: Its digest.
        cause: What went past the rules.
        by: Who did it.
        reason: Why, in that person's words.
        overridden: Gates and approvals that were overridden or skipped.
        due: By when it must be closed.
        validate_in: Environments that must have verified the release before it is closed.
        closed_by: Who closed it: somebody else than `by`. Empty while it is open.
        conclusion: What was found; demanded to close it.
    """

    application: Name
    promotion: ObjectName
    release: ObjectName
    release_digest: Digest
    cause: Literal["emergency", "hotfix"]
    by: Line
    reason: str = Field(max_length=2000)
    overridden: list[Line] = Field(default_factory=list, max_length=50)
    due: datetime
    validate_in: list[Name] = Field(default_factory=list, max_length=10)
    closed_by: Line = ""
    conclusion: str = Field(default="", max_length=4000)


class ReviewStatus(Status):
    """What is true.

    Attributes:
        verified_in: Environments of `validateIn` that have verified the release by now.
    """

    verified_in: list[str] = Field(default_factory=list)


_FIXED = (
    *("application", "promotion", "release", "releaseDigest", "cause", "by"),
    *("reason", "overridden", "due", "validateIn"),
)


class Review(Resource[ReviewSpec, ReviewStatus]):
    """An emergency override or a hotfix that somebody else must look at."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="reviews",
        columns=(
            PrinterColumn(name="Promotion", path=".spec.promotion"),
            PrinterColumn(name="Cause", path=".spec.cause"),
            PrinterColumn(name="By", path=".spec.by"),
            PrinterColumn(name="Due", path=".spec.due"),
            PrinterColumn(name="Closed by", path=".spec.closedBy"),
        ),
        validations=(
            (
                " && ".join(
                    f"has(self.spec.{f}) == has(oldSelf.spec.{f}) && "
                    f"(!has(self.spec.{f}) || self.spec.{f} == oldSelf.spec.{f})"
                    for f in _FIXED
                ),
                "what is reviewed never changes",
            ),
            (
                "oldSelf.spec.closedBy == '' || self.spec == oldSelf.spec",
                "a closed review never changes",
            ),
            (
                "self.spec.closedBy == '' || "
                "(self.spec.closedBy != self.spec.by && self.spec.conclusion != '')",
                "somebody else closes a review, with a conclusion",
            ),
            (
                "self.spec.closedBy == '' || !has(self.spec.validateIn) || "
                "self.spec.validateIn.all(e, has(self.status) && has(self.status.verifiedIn) && "
                "e in self.status.verifiedIn)",
                "the release must first be verified in every environment of validateIn",
            ),
        ),
    )
