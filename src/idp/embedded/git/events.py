"""What a push did, as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

NO_COMMIT = "0" * 40
"""`before` of a ref that is new, `after` of a ref that was deleted."""


@dataclass(frozen=True, slots=True)
class RefChange:
    """One ref that moved, from commit `before` to commit `after`."""

    ref: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PushEvent:
    """One ref that a push moved.

    Attributes:
        id: Grows with time over all repositories.
        repository: `namespace/name`.
        ref: Full name, such as `refs/heads/main`.
        before: Commit it pointed to, 40 zeros when it is new.
        after: Commit it points to, 40 zeros when it was deleted.
        pusher: Name of the principal; empty when a crash left no trace of who it was.
        time: When the change was noticed, UTC.
    """

    id: int
    repository: str
    ref: str
    before: str
    after: str
    pusher: str
    time: datetime

    def as_json(self) -> dict[str, str | int]:
        """The event as HTTP answers carry it."""
        return {
            "id": self.id,
            "repository": self.repository,
            "ref": self.ref,
            "before": self.before,
            "after": self.after,
            "pusher": self.pusher,
            "time": self.time.isoformat(),
        }


def changes(recorded: Mapping[str, str], present: Mapping[str, str]) -> list[RefChange]:
    """What moved between two states of a repository (ref -> commit), ordered by ref."""
    return [
        RefChange(ref, recorded.get(ref, NO_COMMIT), present.get(ref, NO_COMMIT))
        for ref in sorted({*recorded, *present})
        if recorded.get(ref) != present.get(ref)
    ]
