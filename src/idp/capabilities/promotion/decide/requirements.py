"""Are the approvers of the kinds that are required? Pure.

One person fills one place, so it is a matching of people to places: somebody who is a release
manager and in security is counted where that helps most. Kuhn's algorithm finds a largest one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from idp.capabilities.environments.kinds import Requirement
from idp.capabilities.promotion.kinds import Approval


@dataclass(frozen=True, slots=True)
class Seat:
    """One approval that a requirement asks for.

    Attributes:
        who: Who may fill it, for people.
        by: Who does; empty when nobody does.
    """

    who: str
    by: str = ""


def seats(
    requirements: Sequence[Requirement],
    counted: Sequence[Approval],
    roles: Mapping[str, frozenset[str]],
) -> tuple[Seat, ...]:
    """Every place in the order of the requirements, and who fills it.

    Args:
        requirements: Who is required.
        counted: Approvals of different people.
        roles: Name of an Approval object -> ClusterRoles that its approver has.
    """
    places = [requirement for requirement in requirements for _ in range(requirement.required)]
    fits = [[i for i, a in enumerate(counted) if _fits(r, a, roles)] for r in places]
    taken: dict[int, int] = {}
    for place in range(len(places)):
        _seat(place, fits, taken, set())
    sits = {place: counted[person].spec.approver for person, place in taken.items()}
    return tuple(Seat(r.words, sits.get(place, "")) for place, r in enumerate(places))


def lacking(seats: Sequence[Seat]) -> list[str]:
    """What is lacking, for people; empty when every place is filled."""
    empty = Counter(seat.who for seat in seats if not seat.by)
    return [f"{count} of {who}" for who, count in empty.items()]


def _seat(place: int, fits: Sequence[list[int]], taken: dict[int, int], seen: set[int]) -> bool:
    """Give the place to somebody, moving others if need be."""
    for person in fits[place]:
        if person in seen:
            continue
        seen.add(person)
        if person not in taken or _seat(taken[person], fits, taken, seen):
            taken[person] = place
            return True
    return False


def _fits(
    requirement: Requirement, approval: Approval, roles: Mapping[str, frozenset[str]]
) -> bool:
    if not (requirement.group or requirement.role or requirement.users):
        return True
    return (
        requirement.group in approval.spec.approver_groups
        or approval.spec.approver in requirement.users
        or (bool(requirement.role) and requirement.role in roles.get(approval.name, frozenset()))
    )
