"""One measured number, what it may be at most, and what it stands beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Peer:
    """The same work done by something else, in the same run.

    Attributes:
        name: What did it.
        value: In the unit of the figure.
    """

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A number.

    Attributes:
        name: What was measured, in a few words.
        value: The measurement.
        unit: Its unit.
        limit: What it may be at most; None where only the peer says what is possible.
        peer: What it is compared with.
        note: How it was measured, where the name does not say.
    """

    name: str
    value: float
    unit: Literal["s", "ms", "MB", "% of a core", "1/s", "MB/s", "requests"]
    limit: float | None = None
    peer: Peer | None = None
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the limit holds."""
        return self.limit is None or self.value <= self.limit


def number(value: float) -> str:
    """Three significant digits, and no more than the measurement has."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
