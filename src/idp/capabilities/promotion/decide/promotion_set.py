"""What a set of promotions does next. Pure.

Rules:

1. Every member's promotion is started at once; each passes its own gates.
2. Nothing commits before every member waits for the set alone: all gates pass, or none counts.
3. From then on a member may commit once all that it comes `after` have succeeded.
4. A member that fails, or is gone, fails the set, for good. Members that have not ended are
   aborted, those that succeeded are rolled back, dependents first, each after the one before.
5. A set is over when all have succeeded, or when nothing is left to undo.

A set that cannot be carried out (an application twice, an unknown or circular `after`) fails before
anything starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from idp.capabilities.promotion.kinds import SetMember

State = Literal["Missing", "Gates", "Ready", "Proceeding", "Succeeded", "Failed"]
Undone = Literal["No", "Running", "Done", "Failed"]


@dataclass(frozen=True, slots=True)
class Member:
    """What is known of a member.

    Attributes:
        application: Its name.
        after: Applications that must have succeeded before it commits.
        state: Of its promotion; `Ready` waits for the set alone, `Proceeding` is past its gates.
        message: What the promotion says.
        undone: Whether it was rolled back.
    """

    application: str
    after: tuple[str, ...]
    state: State
    message: str = ""
    undone: Undone = "No"


@dataclass(frozen=True, slots=True)
class SetPlan:
    """What to do.

    Attributes:
        phase: Of the set.
        message: What it waits for, or why it failed.
        start: Members whose promotion is to be created.
        cleared: All members that may commit.
        failure: Why it goes back; empty while it goes forward.
        abort: Members to stop.
        roll_back: Members to roll back.
    """

    phase: Literal["Running", "RollingBack", "Succeeded", "Failed"]
    message: str
    start: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    failure: str = ""
    abort: tuple[str, ...] = ()
    roll_back: tuple[str, ...] = ()


def mistake(members: Sequence[SetMember]) -> str:
    """Why a set cannot be carried out; empty when it can."""
    names = [member.application for member in members]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"{', '.join(twice)} is in the set more than once"
    unknown = {name for member in members for name in member.after} - set(names)
    if unknown:
        return f"{', '.join(sorted(unknown))} is in no member of the set, and something is after it"
    try:
        in_order({member.application: member.after for member in members})
    except CycleError as error:
        return f"the members wait for each other: {' after '.join(error.args[1])}"
    return ""


def in_order(after: Mapping[str, Sequence[str]]) -> list[str]:
    """Applications, each after those that it depends on.

    Raises:
        CycleError: They wait for each other.
    """
    return list(TopologicalSorter(after).static_order())


def next_steps(
    members: Sequence[Member], *, cleared: Sequence[str], failure: str, begun: bool
) -> SetPlan:
    """Apply the rules.

    Args:
        members: As they are.
        cleared: Members that were let commit before.
        failure: Why the set failed, when it has.
        begun: Whether the promotions were created: one that is missing then was deleted.
    """
    missing = [m.application for m in members if m.state == "Missing"]
    if missing and not begun and not failure:  # Rule 1
        return SetPlan("Running", "starts its promotions", start=tuple(missing))
    failed = [m for m in members if m.state in ("Failed", "Missing")]
    if failed or failure:  # Rule 4
        first = failed[0] if failed else None
        words = first.message or "its promotion was deleted" if first else ""
        return _back(members, failure or f"{first.application if first else ''}: {words}", cleared)
    if all(m.state == "Succeeded" for m in members):  # Rule 5
        names = ", ".join(m.application for m in members)
        return SetPlan("Succeeded", f"{names} came together", cleared=tuple(cleared))
    return _forward(members, cleared)


def _forward(members: Sequence[Member], cleared: Sequence[str]) -> SetPlan:
    waiting = [m.application for m in members if m.state == "Gates"]
    if waiting and not cleared:  # Rule 2
        return SetPlan("Running", f"waits for the gates of {', '.join(waiting)}")
    done = {m.application for m in members if m.state == "Succeeded"}
    free = [m.application for m in members if set(m.after) <= done]  # Rule 3
    allowed = tuple(dict.fromkeys((*cleared, *free)))
    under_way = [name for name in allowed if name not in done]
    return SetPlan("Running", f"promotes {', '.join(under_way)}", cleared=allowed)


def _back(members: Sequence[Member], failure: str, cleared: Sequence[str]) -> SetPlan:
    by_name = {m.application: m for m in members}
    running = [m.application for m in members if m.state in ("Gates", "Ready", "Proceeding")]
    common = {"cleared": tuple(cleared), "failure": failure}
    if running:
        words = f"{failure}; stops {', '.join(running)}"
        return SetPlan("RollingBack", words, abort=tuple(running), **common)  # type: ignore[arg-type]
    order = in_order({m.application: m.after for m in members})[::-1]
    left = [n for n in order if by_name[n].state == "Succeeded" and by_name[n].undone != "Done"]
    stuck = [n for n in left if by_name[n].undone == "Failed"]
    left = [name for name in left if name not in stuck]
    if left:
        words = f"{failure}; rolls back {', '.join(left)}"
        return SetPlan("RollingBack", words, roll_back=(left[0],), **common)  # type: ignore[arg-type]
    words = f"{failure}; nothing of the set is in force"
    if stuck:
        words = f"{failure}; BUT {', '.join(stuck)} could not be rolled back and is in force"
    return SetPlan("Failed", words, **common)  # type: ignore[arg-type]
