from __future__ import annotations

from typing import Any

from idp.capabilities.environments.kinds import DriftRule
from idp.capabilities.promotion.decide.drift import LIMIT, RUNNING_IMAGE, compare, words

ONE, TWO = (f"registry/hello@sha256:{digit * 64}" for digit in "12")


def application(**spec: Any) -> dict[str, Any]:
    return {"WebApplication": {"metadata": {"name": "hello"}, "spec": {"image": ONE, **spec}}}


def found(was: Any, git: Any, live: Any, running: str = ONE) -> list[tuple[str, ...]]:
    return [
        (d.field, d.ledger, d.git, d.running, d.between, d.action)
        for d in compare(was, git, live, running, DriftRule())
    ]


def test_the_same_everywhere() -> None:
    one = application(port=8080)
    assert found(one, one, application(port=8080, replicas=2)) == []
    assert "are the same" in words([])


def test_git_was_changed_by_hand_and_runs_already() -> None:
    was, git = application(port=8080), application(port=9090)
    field = "WebApplication spec.port"
    assert found(was, git, git) == [(field, "8080", "9090", "9090", "git", "raise")]


def test_what_runs_was_changed_by_hand() -> None:
    was, live = application(port=8080), application(port=9090)
    field = "WebApplication spec.port"
    assert found(was, was, live) == [(field, "8080", "8080", "9090", "running", "heal")]


def test_what_is_done_follows_the_rule() -> None:
    was, live = application(port=8080), application(port=9090)
    (difference,) = compare(was, was, live, ONE, DriftRule(running="raise"))
    assert difference.action == "raise"
    (difference,) = compare(was, live, live, ONE, DriftRule(git="heal"))
    assert difference.action == "heal"


def test_another_image_runs_than_everybody_says() -> None:
    one = application()
    assert found(one, one, one, TWO) == [(RUNNING_IMAGE, ONE, ONE, TWO, "running", "heal")]
    assert found(one, one, one, "") == []


def test_an_object_that_is_gone_and_one_that_git_lost() -> None:
    one = application()
    assert found(one, one, {}, "") == [
        ("WebApplication spec.image", ONE, ONE, "", "running", "heal")
    ]
    assert found(one, {}, one, ONE) == [("WebApplication spec.image", ONE, "", ONE, "git", "raise")]


def test_lists_are_compared_item_by_item_and_the_report_has_an_end() -> None:
    was, git = application(hosts=["a", "b"]), application(hosts=["a", "c"])
    assert [d[0] for d in found(was, git, git)] == ["WebApplication spec.hosts[1]"]
    many = application(environment={f"V{n}": "x" for n in range(300)})
    assert len(compare(application(), many, many, ONE, DriftRule())) == LIMIT
