"""`PipelineStep`: one piece of work."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from idp.capabilities.promotion.kinds.words import (
    ObjectNameOrNone,
    Phase,
)
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status


class PipelineStepSpec(Model):
    """One piece of work of a pipeline.

    Attributes:
        uses: Name of the step's implementation.
        with_: Its parameters; each implementation has its own schema.
        deadline_seconds: After which it fails, from its creation.
        promotion: Promotion that it belongs to; empty for the pipeline of a push.
        position: Place among the steps of its pipeline, for people.
    """

    uses: str = Field(pattern=r"^[a-z][-a-z0-9]*$", max_length=63)
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    deadline_seconds: int = Field(default=300, ge=1, le=90 * 86400)
    promotion: ObjectNameOrNone = ""
    position: int = 0


class PipelineStepStatus(Status):
    """How far it is.

    Attributes:
        phase: `Succeeded` and `Failed` are final.
        reason: CamelCase word for programs.
        message: What was done, is waited for, or went wrong.
        remedy: What a person can do.
        outputs: Facts for later steps and for the record.
        started_at: When the first call began.
        finished_at: When it ended.
    """

    phase: Phase = "Pending"
    reason: str = ""
    message: str = ""
    remedy: str = ""
    outputs: dict[str, Any] = Field(default_factory=dict)
    started_at: datetime | None = None
    finished_at: datetime | None = None


class PipelineStep(Resource[PipelineStepSpec, PipelineStepStatus]):
    """A step of a push's or promotion's pipeline; a workflow creates it and waits for its phase."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="pipelinesteps",
        short_names=("step", "steps"),
        columns=(
            PrinterColumn(name="Uses", path=".spec.uses"),
            PrinterColumn(name="Phase", path=".status.phase"),
            PrinterColumn(name="Message", path=".status.message"),
        ),
        validations=(("self.spec == oldSelf.spec", "a step never changes"),),
    )
