"""`PullRequest`: a proposed change of the environment's repository."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from idp.capabilities.promotion.kinds.words import CommitId, Line, Name, ObjectName, RepositoryName
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

_FIXED = ("application", "promotion", "release", "repository", "branch", "base", "commit")


class PullRequestSpec(Model):
    """What is proposed, and what was decided about it.

    Attributes:
        application: Name of the WebApplication.
        promotion: Name of the Promotion that waits for it.
        release: Name of the Release that it brings.
        repository: The environment's Git repository.
        branch: Where the proposed commit is.
        base: The branch that it is merged into.
        commit: The proposed commit.
        decision: `merge` lets the promotion go on, `close` ends it; empty while nobody decided.
        decided_by: Who decided; must be the one who writes it.
        comment: Why.
    """

    application: Name
    promotion: ObjectName
    release: ObjectName
    repository: RepositoryName
    branch: Line
    base: Line
    commit: CommitId
    decision: Literal["", "merge", "close"] = ""
    decided_by: Line = ""
    comment: str = Field(default="", max_length=2000)


class PullRequestStatus(Status):
    """What became of it.

    Attributes:
        phase: `Open`, `Merged` or `Closed`.
        commit: The commit on the base branch, once it is merged.
        message: What it waits for, or why it was closed.
    """

    phase: Literal["Open", "Merged", "Closed"] = "Open"
    commit: str = ""
    message: str = ""


class PullRequest(Resource[PullRequestSpec, PullRequestStatus]):
    """A change of what runs here, on a branch until somebody who may approve merges it."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="pullrequests",
        short_names=("pr",),
        columns=(
            PrinterColumn(name="Application", path=".spec.application"),
            PrinterColumn(name="Release", path=".spec.release"),
            PrinterColumn(name="Branch", path=".spec.branch"),
            PrinterColumn(name="Phase", path=".status.phase"),
            PrinterColumn(name="Decided by", path=".spec.decidedBy"),
            PrinterColumn(name="Message", path=".status.message", priority=1),
        ),
        validations=(
            (
                " && ".join(f"self.spec.{name} == oldSelf.spec.{name}" for name in _FIXED),
                "what is proposed never changes",
            ),
            (
                "(has(self.spec.decision) && self.spec.decision != '') == "
                "(has(self.spec.decidedBy) && self.spec.decidedBy != '')",
                "a decision is somebody's: set decision and decidedBy",
            ),
        ),
    )
