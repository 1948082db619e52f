"""Are the approvers of the kinds that are required? Pure.

One person fills one place, so it is a matching of people to places: somebody who is a release
manager and in security is counted where that helps most. Kuhn's algorithm finds a largest one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from idp.capabilities.environments.kinds import Requirement
from idp.capabilities.promotion.kinds import Approval


def unfilled(
    requirements: Sequence[Requirement],
    counted: Sequence[Approval],
    roles: Mapping[str, frozenset[str]],
) -> list[str]:
    """What is lacking, for people; empty when every place is filled.

    Args:
        requirements: Who is required.
        counted: Approvals of different people.
        roles: Name of an Approval object -> ClusterRoles that its approver has.
    """
    places = [number for number, r in enumerate(requirements) for _ in range(r.required)]
    fits = [
        [i for i, a in enumerate(counted) if _fits(requirements[number], a, roles)]
        for number in places
    ]
    taken: dict[int, int] = {}
    empty = [place for place in range(len(places)) if not _seat(place, fits, taken, set())]
    lacking: dict[int, int] = {}
    for place in empty:
        lacking[places[place]] = lacking.get(places[place], 0) + 1
    return [f"{count} of {requirements[number].words}" for number, count in lacking.items()]


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
