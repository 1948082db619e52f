from __future__ import annotations

from typing import Any

import pytest

from idp.apps.hub.views.board import (
    InstanceState,
    PromotionBrief,
    board_page,
    board_rows,
    brief,
    candidate,
    previous_version,
)


def release(count: int, *verified: str) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "demo", "name": f"hello-r{count}"},
        "spec": {"application": "hello", "version": f"r{count}", "source": {"count": count}},
        "status": {"verifiedIn": list(verified)},
    }


def promotion(name: str, phase: str, approval: str = "", **spec: Any) -> dict[str, Any]:
    steps = [{"name": "verdict", "phase": "Succeeded"}]
    if approval:
        steps.append({"name": "approval", "phase": "Running", "message": approval})
    return {
        "metadata": {
            "namespace": "demo",
            "name": name,
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"application": "hello", "release": name, **spec},
        "status": {"phase": phase, "message": "said", "steps": steps},
    }


@pytest.mark.parametrize(
    ("releases", "promotions", "version", "previous", "expected"),
    [
        ([release(1)], [], "", None, "r1"),
        ([release(1)], [], "r1", None, None),
        ([release(1), release(2)], [], "r1", None, "r2"),
        ([release(1), release(2)], [], "r1", "staging", None),
        ([release(1, "staging"), release(2, "staging")], [], "r1", "staging", "r2"),
        ([release(3), release(2), release(1)], [], "r1", None, "r3"),
        ([release(1), release(2)], [promotion("hello-r2", "Running")], "r1", None, None),
        ([release(1), release(2)], [promotion("hello-r2", "Failed")], "r1", None, "r2"),
        ([], [], "", None, None),
    ],
)
def test_what_may_come_next(
    releases: list[dict[str, Any]],
    promotions: list[dict[str, Any]],
    version: str,
    previous: str | None,
    expected: str | None,
) -> None:
    found = candidate(releases, promotions, version, {previous} if previous else set())
    assert (found.version if found else None) == expected


@pytest.mark.parametrize(
    ("ended_well", "version", "expected"),
    [
        ([], "", ""),
        (["r1"], "r1", ""),
        (["r2", "r1"], "r2", "r1"),
        (["r2", "r1"], "r1", ""),
        (["r3", "r2", "r1"], "r2", "r1"),
        (["r2", "r1"], "by hand", ""),
    ],
)
def test_where_a_rollback_would_go(ended_well: list[str], version: str, expected: str) -> None:
    briefs = [PromotionBrief(name=v, phase="Succeeded", release=v) for v in ended_well]
    assert previous_version(briefs, version) == expected


def test_a_promotion_in_a_few_words() -> None:
    found = brief(promotion("hello-r2", "Running", "waits for 1 more approval"), {"hello-r2": "r2"})
    assert (found.release, found.step, found.done, found.steps) == ("r2", "approval", 1, 2)
    assert found.waits_for_approval


def test_a_superseded_promotion_waits_for_nobody() -> None:
    superseded = promotion("hello-r2", "Superseded", "waits for 1 more approval")
    assert not brief(superseded, {}).waits_for_approval


def test_a_silent_instance_hides_nothing_of_the_others() -> None:
    rows = board_rows(
        {"development": {"Release": [release(1)]}, "uat": {}}, {"uat": "no answer within 5 s"}
    )
    assert [(cell.environment, cell.health) for cell in rows[0].cells] == [
        ("development", "Missing"),
        ("uat", "Unknown"),
    ]
    assert rows[0].cells[1].message == "no answer within 5 s"


def test_a_page_of_the_board() -> None:
    failed = promotion("hello-r1", "Failed")
    others = [{**release(1), "metadata": {"namespace": "demo", "name": f"a{n}"}} for n in range(3)]
    for n, other in enumerate(others):
        other["spec"] = {**other["spec"], "application": f"a{n}"}
    listed = {"development": {"Release": [release(1), *others], "Promotion": [failed]}}
    rows = board_rows(listed, {})
    states = [InstanceState(environment="development")]
    page = board_page(states, rows, offset=1, limit=2)
    assert [row.name for row in page.rows] == ["a1", "a2"]
    assert (page.total, page.attention) == (4, 1)
    assert [row.name for row in board_page(states, rows, search="HELL").rows] == ["hello"]
    assert [row.name for row in board_page(states, rows, attention=True).rows] == ["hello"]


def test_a_hotfix_may_come_where_the_rules_know_one() -> None:
    rules = {"previous": "uat", "hotfix": {"allowed": True, "verifiedIn": ["staging"]}}
    pipeline = {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "PromotionPipeline",
        "metadata": {"name": "default"},
        "spec": rules,
    }
    listed = {"Release": [release(1, "staging")], "PromotionPipeline": [pipeline]}
    cell = board_rows({"production": listed}, {})[0].cells[0]
    assert cell.candidate is None
    assert cell.hotfix is not None
    assert (cell.hotfix.version, cell.emergency) == ("r1", True)
    rules["hotfix"] = {"allowed": False}
    rules["emergency"] = {"allowed": False}
    cell = board_rows({"production": listed}, {})[0].cells[0]
    assert (cell.hotfix, cell.emergency) == (None, False)
