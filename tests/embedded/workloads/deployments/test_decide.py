"""The rolling update as tables, and its two promises for every course of events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.embedded.workloads.deployments.decide import (
    Replicas,
    Strategy,
    decide,
    resize,
    strategy_of,
    superfluous,
)
from idp.kernel.errors import InvalidInput


@pytest.mark.parametrize(
    ("spec", "desired", "expected"),
    [
        ({}, 1, Strategy(max_surge=1, max_unavailable=0)),
        ({}, 10, Strategy(max_surge=3, max_unavailable=2)),
        ({"maxSurge": 0, "maxUnavailable": 0}, 3, Strategy(max_surge=0, max_unavailable=1)),
        ({"maxSurge": "50%", "maxUnavailable": "10%"}, 3, Strategy(max_surge=2, max_unavailable=0)),
        ({"maxSurge": 2, "maxUnavailable": 9}, 3, Strategy(max_surge=2, max_unavailable=3)),
    ],
)
def test_numbers_and_percentages(spec: dict[str, object], desired: int, expected: Strategy) -> None:
    assert strategy_of({"strategy": {"rollingUpdate": spec}}, desired) == expected


@pytest.mark.parametrize("value", ["five", -1, "5", 1.5])
def test_what_is_no_number_of_pods_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="neither a number"):
        strategy_of({"strategy": {"rollingUpdate": {"maxSurge": value}}}, 1)


ONE_MORE = Strategy(max_surge=1, max_unavailable=0)
ONE_LESS = Strategy(max_surge=0, max_unavailable=1)


@pytest.mark.parametrize(
    ("why", "desired", "new", "old", "strategy", "expected"),
    [
        ("nothing runs yet", 3, (0, 0), [], ONE_MORE, {"new": 3}),
        ("all is well", 3, (3, 3), [(0, 0)], ONE_MORE, {}),
        ("the first new one", 3, (0, 0), [(3, 3)], ONE_MORE, {"new": 1}),
        ("it is not available yet", 3, (1, 0), [(3, 3)], ONE_MORE, {}),
        ("now one old may go", 3, (1, 1), [(3, 3)], ONE_MORE, {"old-0": 2}),
        ("one old goes first", 3, (0, 0), [(3, 3)], ONE_LESS, {"old-0": 2}),
        ("broken old ones go at once", 3, (1, 1), [(3, 1)], ONE_MORE, {"old-0": 2}),
        ("the oldest goes first", 2, (1, 1), [(1, 1), (1, 1)], ONE_MORE, {"old-0": 0}),
        ("scaled down", 1, (3, 3), [], ONE_MORE, {"new": 1}),
        ("to nothing", 0, (0, 0), [(2, 2)], ONE_MORE, {"old-0": 0}),
        ("recreate stops the old", 2, (0, 0), [(2, 2)], Strategy(recreate=True), {"old-0": 0}),
        ("recreate waits", 2, (0, 0), [(0, 0, 1)], Strategy(recreate=True), {}),
        ("recreate starts the new", 2, (0, 0), [(0, 0)], Strategy(recreate=True), {"new": 2}),
    ],
)
def test_one_step(
    why: str,
    desired: int,
    new: tuple[int, int],
    old: list[tuple[int, ...]],
    strategy: Strategy,
    expected: dict[str, int],
) -> None:
    olds = [Replicas(f"old-{i}", *numbers) for i, numbers in enumerate(old)]
    assert decide(desired, Replicas("new", *new), olds, strategy) == expected, why


def test_a_paused_deployment_scales_what_runs() -> None:
    assert resize(5, [Replicas("a", 2, 2), Replicas("b", 0, 0)]) == {"a": 5}
    assert resize(5, [Replicas("a", 2, 2), Replicas("b", 1, 1)]) == {}


def test_history_keeps_the_youngest_and_whatever_has_pods() -> None:
    old = [Replicas("a", 0, 0), Replicas("b", 1, 1), Replicas("c", 0, 0), Replicas("d", 0, 0)]
    assert superfluous(old, 2) == ("a", "c")
    assert superfluous(old, 10) == ()


@dataclass
class World:
    """ReplicaSets with pods that become ready in any order; statuses may lag behind."""

    desired: int
    strategy: Strategy
    wanted: dict[str, int]
    pods: dict[str, list[bool]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    def step(self) -> bool:
        """What the Deployment's controller does; whether it changed anything."""
        new, *old = [
            Replicas(name, self.wanted[name], self.seen.get(name, 0), len(self.pods[name]))
            for name in ("new", *sorted(n for n in self.wanted if n != "new"))
        ]
        changes = decide(self.desired, new, old, self.strategy)
        self.wanted |= changes
        return bool(changes)

    def follow(self, name: str) -> bool:
        """What the ReplicaSet's controller does: pods that cannot serve go first."""
        pods, wanted = self.pods[name], self.wanted[name]
        before = (list(pods), self.seen.get(name))
        if len(pods) > wanted:
            self.pods[name] = sorted(pods, reverse=True)[:wanted]
        else:
            pods += [False] * (wanted - len(pods))
        self.seen[name] = sum(self.pods[name])
        return before != (self.pods[name], self.seen[name])

    def ripen(self, name: str) -> bool:
        """A pod becomes ready; the status does not know yet."""
        if False not in self.pods[name]:
            return False
        self.pods[name].remove(False)
        self.pods[name].append(True)
        return True

    @property
    def serving(self) -> int:
        return sum(sum(pods) for pods in self.pods.values())

    @property
    def total(self) -> int:
        return sum(len(pods) for pods in self.pods.values())


@st.composite
def worlds(draw: st.DrawFn) -> World:
    desired = draw(st.integers(1, 8))
    surge = draw(st.integers(0, 4))
    unavailable = draw(st.integers(0 if surge else 1, desired))
    names = [f"old-{i}" for i in range(draw(st.integers(1, 3)))]
    wanted = dict.fromkeys(names, 0)
    for _ in range(desired):
        wanted[draw(st.sampled_from(names))] += 1
    pods = {name: [True] * count for name, count in wanted.items()}
    world = World(desired, Strategy(False, surge, unavailable), {**wanted, "new": 0}, pods)
    world.pods["new"] = []
    world.seen = {name: len(list_) for name, list_ in pods.items()}
    return world


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.data())
def test_an_update_keeps_its_bounds_and_ends(world: World, data: st.DataObject) -> None:
    names = sorted(world.wanted)
    actions: list[Callable[[], bool]] = [
        world.step,
        *(partial(world.follow, name) for name in names),
    ]
    actions += [partial(world.ripen, name) for name in names]
    for choice in data.draw(st.lists(st.integers(0, len(actions) - 1), max_size=60)):
        actions[choice]()
        assert world.serving >= world.desired - world.strategy.max_unavailable
        assert world.total <= world.desired + world.strategy.max_surge
    for _ in range(200):
        if sum(action() for action in actions) == 0:
            break
        assert world.serving >= world.desired - world.strategy.max_unavailable
        assert world.total <= world.desired + world.strategy.max_surge
    assert world.pods["new"] == [True] * world.desired
    assert all(not pods for name, pods in world.pods.items() if name != "new")
