"""How many replicas each ReplicaSet of a Deployment gets next. Pure.

The rules of a rolling update, in the order in which they are applied:

1. All ReplicaSets together never have more than `desired + max_surge` pods.
2. The new ReplicaSet takes what rule 1 leaves, up to `desired`.
3. What may go from the old ones is what remains above `desired - max_unavailable` when every pod
   of the new one that is not available is counted as missing.
4. Of the old ones, pods that cannot serve go first: they are no loss.
5. Then old pods that serve, oldest ReplicaSet first, as long as enough serve.

One call makes one step. It is called again whenever a pod becomes available, until nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a Deployment is updated, in pods.

    Attributes:
        recreate: Stop all old pods before any new one starts.
        max_surge: Pods above the wanted number during an update.
        max_unavailable: Pods that may be missing during an update.
    """

    recreate: bool = False
    max_surge: int = 1
    max_unavailable: int = 0


@dataclass(frozen=True, slots=True)
class Replicas:
    """A ReplicaSet as the decision sees it.

    Attributes:
        name: Its name.
        wanted: Pods it asks for.
        available: Pods of it that serve.
        existing: Active pods of it; more than `wanted` while it scales down.
    """

    name: str
    wanted: int
    available: int
    existing: int = 0


def strategy_of(spec: Manifest, desired: int) -> Strategy:
    """Read `spec.strategy`; percentages round up for surge and down for unavailable.

    Raises:
        InvalidInput: A number is neither an integer nor a percentage.
    """
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return Strategy(recreate=True)
    rolling = strategy.get("rollingUpdate") or {}
    surge = _count(rolling.get("maxSurge", "25%"), desired, up=True)
    unavailable = _count(rolling.get("maxUnavailable", "25%"), desired, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1  # both percentages rounded to nothing: the update could never begin
    return Strategy(max_surge=surge, max_unavailable=min(unavailable, desired))


def _count(value: object, desired: int, *, up: bool) -> int:
    if isinstance(value, int) and value >= 0:
        return value
    text = str(value)
    if not (text.endswith("%") and text[:-1].isdigit()):
        raise InvalidInput(
            f"{value!r} is neither a number of pods nor a percentage",
            remedy="Write maxSurge and maxUnavailable as 1 or as 25%.",
        )
    share = int(text[:-1]) * desired / 100
    return math.ceil(share) if up else math.floor(share)


def decide(
    desired: int, new: Replicas, old: Sequence[Replicas], strategy: Strategy
) -> dict[str, int]:
    """The next number of replicas for each ReplicaSet that changes.

    Args:
        desired: `spec.replicas`.
        new: The ReplicaSet of the present template.
        old: The others, oldest first.
        strategy: How to update.
    """
    if strategy.recreate:
        return _recreate(desired, new, old)
    if new.wanted > desired:
        return {new.name: desired}
    return _grow(desired, new, old, strategy) or _shrink(desired, new, old, strategy)


def _recreate(desired: int, new: Replicas, old: Sequence[Replicas]) -> dict[str, int]:
    if stopping := {r.name: 0 for r in old if r.wanted > 0}:
        return stopping
    if any(r.existing > 0 for r in old) or new.wanted == desired:
        return {}
    return {new.name: desired}


def _grow(
    desired: int, new: Replicas, old: Sequence[Replicas], strategy: Strategy
) -> dict[str, int]:
    # Pods that an old set no longer asks for and has not deleted yet still take their place.
    taken = sum(max(r.wanted, r.existing) for r in (*old, new))
    room = desired + strategy.max_surge - taken
    growth = min(room, desired - new.wanted)
    return {new.name: new.wanted + growth} if growth > 0 else {}


def _shrink(
    desired: int, new: Replicas, old: Sequence[Replicas], strategy: Strategy
) -> dict[str, int]:
    minimum = desired - strategy.max_unavailable
    missing_new = new.wanted - min(new.available, new.wanted)
    removable = sum(r.wanted for r in old) + new.wanted - minimum - missing_new
    serving = sum(min(r.available, r.wanted) for r in (*old, new))
    wanted = {r.name: r.wanted for r in old}
    for replicas in old:
        idle = replicas.wanted - min(replicas.available, replicas.wanted)
        cut = max(min(idle, removable), 0)
        wanted[replicas.name] -= cut
        removable -= cut
    removable = min(removable, serving - minimum)
    for replicas in old:
        cut = max(min(wanted[replicas.name], removable), 0)
        wanted[replicas.name] -= cut
        removable -= cut
    return {r.name: wanted[r.name] for r in old if wanted[r.name] != r.wanted}


def resize(desired: int, sets: Sequence[Replicas]) -> dict[str, int]:
    """What a paused Deployment may still do: scale the one ReplicaSet that has pods."""
    active = [r for r in sets if r.wanted > 0]
    if len(active) == 1 and active[0].wanted != desired:
        return {active[0].name: desired}
    return {}


def superfluous(old: Sequence[Replicas], limit: int) -> tuple[str, ...]:
    """Old ReplicaSets beyond `revisionHistoryLimit`, oldest first; only empty ones."""
    excess = max(len(old) - limit, 0)
    empty = [r.name for r in old if r.wanted == 0 and r.existing == 0]
    return tuple(empty[:excess])
