"""`PromotionAbort`: somebody wants a promotion to stop."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from idp.capabilities.promotion.kinds.words import Line, ObjectName
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status


class PromotionAbortSpec(Model):
    """What is to stop, and why; it never changes.

    Attributes:
        promotion: Name of the Promotion.
        promotion_uid: Its uid: another promotion under the same name is not meant.
        user: Who wants it; must be the one who creates the object.
        reason: Why.
    """

    promotion: ObjectName
    promotion_uid: str = Field(min_length=1, max_length=64)
    user: Line
    reason: str = Field(min_length=1, max_length=2000)


class PromotionAbortStatus(Status):
    """Nothing is reported of an abort: what came of it is in the Promotion's status."""


class PromotionAbort(Resource[PromotionAbortSpec, PromotionAbortStatus]):
    """An order to stop one promotion and to undo what it did. It outlives every crash."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="promotionaborts",
        columns=(
            PrinterColumn(name="Promotion", path=".spec.promotion"),
            PrinterColumn(name="User", path=".spec.user"),
            PrinterColumn(name="Reason", path=".spec.reason"),
        ),
        validations=(("self.spec == oldSelf.spec", "an abort never changes"),),
    )
