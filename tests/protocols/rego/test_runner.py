from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from idp.kernel.errors import DeadlineExceeded, IdpError, Invalid, TooLarge, Unavailable
from idp.protocols.rego import RegoRunner, runner

DOUBLE = "package a\nimport rego.v1\nr := input.x * 2"
FOREVER = (
    "package a\nimport rego.v1\nr := count([1 | some a in numbers.range(1, 9000)\n"
    "  some b in numbers.range(1, 9000); some c in numbers.range(1, 9000)])"
)
RECURSION = "package a\nimport rego.v1\nf(x) := f(x + 1)\nr := f(1)"
MEMORY = (
    "package a\nimport rego.v1\n"
    'r := [x | some a in numbers.range(1, 1000000); x := sprintf("%1000000d", [a])]'
)


@pytest.fixture
def rego() -> Iterator[RegoRunner]:
    runner = RegoRunner()
    yield runner
    runner.close()


def ask(rego: RegoRunner, module: str, facts: Any = None, timeout: float = 30.0) -> Any:
    return rego.evaluate({"a.rego": module}, "data.a.r", facts or {"x": 2}, timeout=timeout)


def test_a_rule_answers(rego: RegoRunner) -> None:
    assert ask(rego, DOUBLE) == 4
    assert ask(rego, DOUBLE, {"x": 5}) == 10


def test_modules_work_together_and_leave_nothing_behind(rego: RegoRunner) -> None:
    library = "package library\nimport rego.v1\nis_big(n) if n > 10"
    module = "package a\nimport rego.v1\nimport data.library\nr if library.is_big(input.x)"
    modules = {"a.rego": module, "library.rego": library}
    assert rego.evaluate(modules, "data.a.r", {"x": 11}) is True
    assert rego.evaluate(modules, "data.a.r", {"x": 1}) is None
    with pytest.raises(Invalid):
        rego.evaluate({"a.rego": module}, "data.library.is_big", {})


@pytest.mark.parametrize(
    "module", ["package a\nr := ", "package b\nr := 1", "package a\nr := count(7)"]
)
def test_a_module_that_fails_is_refused_and_the_next_one_works(
    rego: RegoRunner, module: str
) -> None:
    with pytest.raises(Invalid):
        ask(rego, module)
    assert ask(rego, DOUBLE) == 4


def test_there_is_no_network(rego: RegoRunner) -> None:
    module = 'package a\nr := http.send({"method": "get", "url": "http://127.0.0.1:1"})'
    assert ask(rego, module) is None


@pytest.mark.parametrize(
    ("module", "timeout", "error"),
    [
        (FOREVER, 0.3, DeadlineExceeded),
        (RECURSION, 30.0, Unavailable),
        (MEMORY, 60.0, Unavailable),
    ],
)
def test_what_is_over_a_limit_is_ended_and_the_next_one_works(
    rego: RegoRunner, module: str, timeout: float, error: type[IdpError]
) -> None:
    with pytest.raises(error):
        ask(rego, module, timeout=timeout)
    assert ask(rego, DOUBLE) == 4


def test_a_worker_that_somebody_killed_is_replaced(rego: RegoRunner) -> None:
    assert ask(rego, DOUBLE) == 4
    process = rego._process
    assert process is not None
    process.kill()
    process.wait()
    assert ask(rego, DOUBLE) == 4


def test_threads_wait_for_each_other(rego: RegoRunner) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(ask(rego, DOUBLE, {"x": n})))
        for n in range(1, 9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [2, 4, 6, 8, 10, 12, 14, 16]


def test_sizes_are_limited(rego: RegoRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MAX_ANSWER_BYTES", 100)
    with pytest.raises(TooLarge, match="answer"):
        ask(rego, 'package a\nr := sprintf("%200d", [1])')
    monkeypatch.setattr(runner, "MAX_FACTS_BYTES", 100)
    with pytest.raises(TooLarge, match="facts"):
        ask(rego, DOUBLE, {"x": "x" * 200})
