"""What happens when a release that was verified turns out ill after all."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from idp.kernel.resource import Model


class RollbackRule(Model):
    """Going back without anybody asking for it.

    Attributes:
        automatic: Whether it happens.
        window_seconds: For how long after its promotion a release is watched. A soak time of the
            next environment should not be shorter.
        period_seconds: Time between two questions.
        failures: How many answers in a row must be wrong.
    """

    automatic: bool = True
    window_seconds: int = Field(default=600, ge=0, le=7 * 86400)
    period_seconds: int = Field(default=10, ge=1, le=3600)
    failures: int = Field(default=3, ge=1, le=100)


class DriftRule(Model):
    """What happens when the environment is not what was promoted.

    Attributes:
        running: What runs is not what Git says: `heal` applies Git again, `raise` only reports.
        git: Git is not what was promoted last: `heal` reverts the commits that no promotion made,
            `raise` only reports.
    """

    running: Literal["heal", "raise"] = "heal"
    git: Literal["heal", "raise"] = "raise"
