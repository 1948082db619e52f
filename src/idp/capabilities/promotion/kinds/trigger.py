"""`PromotionTrigger`: what starts promotions here. `TriggerEvent`: that it happened once."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from idp.capabilities.promotion.kinds.words import Line, Name, ObjectName, ObjectNameOrNone
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

LONGEST_TRIGGER_NAME = 40
"""A promotion is named after its trigger and the event, and its name must fit a label."""

Pattern = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z0-9._/*?+-]+)?$", min_length=0, max_length=100)
]
_OCCASIONS = (
    "(has(self.spec.branch) && self.spec.branch != '' ? 1 : 0)"
    " + (has(self.spec.tag) && self.spec.tag != '' ? 1 : 0)"
    " + (has(self.spec.schedule) ? 1 : 0)"
    " + (has(self.spec.verified) && self.spec.verified ? 1 : 0) == 1"
)


class ScheduleRule(Model):
    """Moments that come again.

    Attributes:
        cron: Five fields: minute, hour, day of the month, month, day of the week. What a daylight
            saving change leaves out comes right after it; what it repeats comes once.
        zone: IANA time zone in which they are meant, such as `Europe/Zurich`.
    """

    cron: str = Field(pattern=r"^\S+( +\S+){4}$", max_length=100)
    zone: str = Field(default="UTC", pattern=r"^[A-Za-z0-9_+/-]{1,64}$")


class PromotionTriggerSpec(Model):
    """What starts promotions; exactly one of `branch`, `tag`, `schedule` and `verified` is set.

    Attributes:
        application: Name of the WebApplication.
        by: The user who sets it up; must be the one who creates the object. What `schedule` and
            `verified` start is started in this name, so only while this user may `promote` here.
        by_groups: Those groups of `by` that give this right.
        branch: A push to a branch of this name promotes the release of its commit; `*` and `?`
            stand for any letters, for any letter. A merge is a push to the branch merged into.
        tag: Likewise for tags, such as `v*`.
        schedule: At these moments the newest release that may come is promoted.
        verified: Whenever the previous environment verified a release, its pipeline having
            succeeded, the newest such release is promoted.
    """

    application: Name
    by: Line
    by_groups: list[Line] = Field(default_factory=list, max_length=100)
    branch: Pattern = ""
    tag: Pattern = ""
    schedule: ScheduleRule | None = None
    verified: bool = False


class PromotionTriggerStatus(Status):
    """Nothing is reported of a trigger itself, but whether its rule can be understood."""


class PromotionTrigger(Resource[PromotionTriggerSpec, PromotionTriggerStatus]):
    """What starts promotions of an application into this environment."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="promotiontriggers",
        short_names=("trigger", "triggers"),
        columns=(
            PrinterColumn(name="Application", path=".spec.application"),
            PrinterColumn(name="Branch", path=".spec.branch"),
            PrinterColumn(name="Tag", path=".spec.tag"),
            PrinterColumn(name="Schedule", path=".spec.schedule.cron"),
            PrinterColumn(name="Ready", path='.status.conditions[?(@.type=="Ready")].status'),
        ),
        validations=(
            ("self.spec == oldSelf.spec", "a trigger never changes: delete it, create another"),
            (_OCCASIONS, "a trigger has exactly one of branch, tag, schedule and verified"),
            (
                f"self.metadata.name.size() <= {LONGEST_TRIGGER_NAME}",
                f"the name of a trigger has at most {LONGEST_TRIGGER_NAME} letters",
            ),
        ),
    )


class TriggerEventSpec(Model):
    """That a trigger's occasion came.

    Attributes:
        trigger: Name of the PromotionTrigger.
        application: The trigger's application.
        by: In whose name the promotion is started.
        by_groups: That user's groups, as far as they give the right.
        reference: The branch or tag, in full; empty for others.
        commit: Whose release is promoted; empty for the newest that may come.
    """

    trigger: ObjectName
    application: Name
    by: Line
    by_groups: list[Line] = Field(default_factory=list, max_length=1000)
    reference: Line = ""
    commit: str = Field(default="", pattern=r"^([0-9a-f]{40})?$")


class TriggerEventStatus(Status):
    """What became of it.

    Attributes:
        phase: `Waiting` for the release; `Started` a promotion; `Ended` without one.
        promotion: Name of the promotion that was started.
        message: What it waits for, or why it ended.
        remedy: What a person can do.
    """

    phase: Literal["Waiting", "Started", "Ended"] = "Waiting"
    promotion: ObjectNameOrNone = ""
    message: str = ""
    remedy: str = ""


class TriggerEvent(Resource[TriggerEventSpec, TriggerEventStatus]):
    """One occasion of a trigger; it waits until its release may come, then starts a promotion."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="triggerevents",
        columns=(
            PrinterColumn(name="Trigger", path=".spec.trigger"),
            PrinterColumn(name="By", path=".spec.by"),
            PrinterColumn(name="Phase", path=".status.phase"),
            PrinterColumn(name="Promotion", path=".status.promotion"),
            PrinterColumn(name="Message", path=".status.message", priority=1),
        ),
        validations=(
            ("self.spec == oldSelf.spec", "what happened never changes"),
            ("self.metadata.name.size() <= 63", "the name of an event has at most 63 letters"),
        ),
    )
