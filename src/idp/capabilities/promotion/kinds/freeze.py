"""`Freeze`: a time in which nothing new comes."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from idp.capabilities.promotion.kinds.words import Line, Name
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status


class FreezeSelector(Model):
    """What is frozen; an empty list stands for all.

    Attributes:
        namespaces: Namespaces of the applications.
        applications: Their names.
    """

    namespaces: list[Name] = Field(default_factory=list, max_length=200)
    applications: list[Name] = Field(default_factory=list, max_length=200)


class FreezeSpec(Model):
    """When nothing new comes, and why.

    Attributes:
        start: First moment; unset means from the object's creation.
        until: When it ends by itself.
        reason: Why.
        by: The user who freezes; must be the one who creates the object.
        selector: What is frozen; everything by default.
    """

    start: datetime | None = None
    until: datetime
    reason: str = Field(min_length=1, max_length=2000)
    by: Line
    selector: FreezeSelector = Field(default_factory=FreezeSelector)


class FreezeStatus(Status):
    """Nothing is reported of a freeze: the clock decides."""


class Freeze(Resource[FreezeSpec, FreezeStatus]):
    """No promotion commits while it lasts; rollbacks do. Whoever ends it early deletes it."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="freezes",
        namespaced=False,
        columns=(
            PrinterColumn(name="Until", path=".spec.until"),
            PrinterColumn(name="By", path=".spec.by"),
            PrinterColumn(name="Reason", path=".spec.reason"),
        ),
        validations=(
            ("self.spec == oldSelf.spec", "a freeze never changes: end it, start another"),
        ),
    )
