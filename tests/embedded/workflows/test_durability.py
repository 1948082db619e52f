"""Killed after any write, the engine comes to the same end, and starts nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, ResourceType

RESULTS = ("", ".Succeeded", ".Failed", ".Skipped", ".Omitted")


class Killed(Exception):
    """Stands for kill -9: no handler of the engine knows it."""


class MortalClient(MemoryClient):
    """An API whose caller dies before or after a write; `lives` counts the writes it survives."""

    def __init__(self) -> None:
        super().__init__()
        self.lives = 10**9
        self.die_before = False

    async def _write(self, write: Any) -> Any:
        if self.lives == 0 and self.die_before:
            write.close()
            raise Killed
        result = await write
        if self.lives == 0:
            raise Killed
        self.lives -= 1
        return result

    async def create(self, type: ResourceType, manifest: Manifest) -> Manifest:
        created: Manifest = await self._write(super().create(type, manifest))
        return created

    async def patch(self, *arguments: Any, **options: Any) -> Manifest:
        patched: Manifest = await self._write(super().patch(*arguments, **options))
        return patched

    async def delete(self, *arguments: Any, **options: Any) -> None:
        await self._write(super().delete(*arguments, **options))

    def created(self, plural: str) -> list[str]:
        """Names of created objects of a kind, once per creation."""
        return [
            event.object["metadata"]["name"]
            for _, resource_type, event in self._log
            if resource_type.plural == plural and event.type == "ADDED"
        ]

    def history(self) -> list[tuple[str, str]]:
        """What happened to pods, in order: the node's name, and `started` or its end."""
        events = [event for _, t, event in self._log if t.plural == "pods"]
        return [
            (node_of(e.object), (e.object.get("status") or {}).get("phase", "started"))
            for e in events
        ]


def node_of(pod: Manifest) -> str:
    name: str = pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"]
    return name


@st.composite
def dags(draw: st.DrawFn) -> tuple[dict[str, str], frozenset[str], bool]:
    """Tasks with their `depends`, the tasks that fail, and failFast."""
    count = draw(st.integers(1, 7))
    depends: dict[str, str] = {}
    for number in range(count):
        earlier = [f"t{other}" for other in range(number)]
        chosen = (
            draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        )
        words = [
            draw(st.sampled_from(["", "!"])) * bool(draw(st.integers(0, 4)) == 0)
            + name
            + draw(st.sampled_from(RESULTS))
            for name in chosen
        ]
        depends[f"t{number}"] = draw(st.sampled_from([" && ", " || "])).join(words)
    failing = draw(st.sets(st.sampled_from(sorted(depends))))
    return depends, frozenset(failing), draw(st.booleans())


def workflow_of(depends: dict[str, str], failing: frozenset[str], fail_fast: bool) -> str:
    tasks = [
        {"name": name, "template": "bad" if name in failing else "good"}
        | ({"depends": condition} if condition else {})
        for name, condition in depends.items()
    ]
    return yaml.safe_dump(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "random"},
            "spec": {
                "entrypoint": "main",
                "templates": [
                    {"name": "main", "dag": {"tasks": tasks, "failFast": fail_fast}},
                    {"name": "good", "container": {"image": "i", "args": ["good"]}},
                    {"name": "bad", "container": {"image": "i", "args": ["bad"]}},
                ],
            },
        }
    )


def ends(pod: Manifest) -> str:
    return "Failed" if pod["spec"]["containers"][0]["args"] == ["bad"] else "Succeeded"


async def run(
    bench: Any, text: str, *, lives: int | None = None, die_before: bool = False
) -> dict[str, str]:
    """Run a workflow to its end; with `lives` every engine dies at the write after as many."""
    await bench.submit(text)
    # One that always dies before its first write gets nowhere, and no engine could.
    bench.client.die_before = die_before and lives != 0
    for _ in range(500):
        bench.client.lives = 10**9 if lives is None else lives
        try:
            workflow = await bench.settle()
        except Killed:
            bench.engine = bench.new_engine()
            continue
        finally:
            bench.client.lives = 10**9
        if not await bench.end_pods(ends):
            assert workflow["status"]["phase"] in ("Succeeded", "Failed")
            phases: dict[str, str] = await bench.phases()
            return phases
    raise AssertionError("the workflow does not end")


@settings(max_examples=60, deadline=None)
@given(dags())
async def test_each_task_runs_once_after_its_dependencies(
    new_bench: Callable[[MemoryClient], Any], dag: tuple[dict[str, str], frozenset[str], bool]
) -> None:
    client = MortalClient()
    phases = await run(new_bench(client), workflow_of(*dag))
    history = client.history()
    for name, condition in dag[0].items():
        started = [i for i, event in enumerate(history) if event == (f"random.{name}", "started")]
        assert len(started) == (1 if phases.get(name) in ("Succeeded", "Failed") else 0)
        for position in started:
            for other in dag[0]:
                if other in condition and phases.get(other) in ("Succeeded", "Failed"):
                    assert (f"random.{other}", phases[other]) in history[:position]


@settings(max_examples=40, deadline=None)
@given(dags(), st.integers(0, 3), st.booleans())
async def test_a_killed_engine_comes_to_the_same_end(
    new_bench: Callable[[MemoryClient], Any],
    dag: tuple[dict[str, str], frozenset[str], bool],
    lives: int,
    die_before: bool,
) -> None:
    whole, killed = MortalClient(), MortalClient()
    expected = await run(new_bench(whole), workflow_of(*dag))
    found = await run(new_bench(killed), workflow_of(*dag), lives=lives, die_before=die_before)
    assert found == expected
    assert sorted(killed.created("pods")) == sorted(whole.created("pods"))
    assert len(set(killed.created("pods"))) == len(killed.created("pods"))


RETRIED = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: retried}
spec:
  entrypoint: main
  onExit: bye
  templates:
  - name: main
    steps:
    - - {name: twice, template: fails, withItems: [a, b], continueOn: {failed: true}}
    - - {name: script, template: script}
  - {name: fails, retryStrategy: {limit: "2"}, container: {image: i, args: [bad]}}
  - {name: script, script: {image: i, command: [sh], source: "true"}}
  - {name: bye, container: {image: i, args: [good]}}
"""


async def test_every_single_write_may_be_the_last(
    new_bench: Callable[[MemoryClient], Any],
) -> None:
    whole = MortalClient()
    expected = await run(new_bench(whole), RETRIED)
    for lives in range(4):
        for die_before in (True, False):
            killed = MortalClient()
            found = await run(new_bench(killed), RETRIED, lives=lives, die_before=die_before)
            assert found == expected
            for plural in ("pods", "configmaps"):
                assert sorted(killed.created(plural)) == sorted(whole.created(plural))
