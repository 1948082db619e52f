from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.promotion.environment import in_force
from idp.kernel.errors import InvalidInput
from idp.protocols.git.ports import Commit


def commit(number: int, undoes: int | None = None) -> Commit:
    words = f"Revert\n\nThis reverts commit {undoes:040x}.\n" if undoes is not None else "Deploy"
    return Commit(f"{number:040x}", "idp <idp@x>", datetime(2026, 1, 1, tzinfo=UTC), words, number)


def numbers(*history: Commit) -> list[int]:
    return [int(c.id, 16) for c in in_force(list(reversed(history)))]


def test_in_force_is_what_is_not_undone() -> None:
    assert numbers(commit(1), commit(2), commit(3, undoes=2)) == [1]


def test_undoing_an_undoing_puts_back_in_force() -> None:
    assert numbers(commit(1), commit(2), commit(3, undoes=2), commit(4, undoes=3)) == [2, 1]


def test_a_release_that_came_again_is_in_force_once() -> None:
    assert numbers(commit(1), commit(2), commit(3, undoes=2), commit(4)) == [4, 1]


@given(st.lists(st.integers(0, 20) | st.none(), max_size=20))
def test_what_is_in_force_changes_something_and_is_not_undone(undoings: list[int | None]) -> None:
    history = [
        commit(number, undoes if undoes is not None and undoes < number else None)
        for number, undoes in enumerate(undoings)
    ]
    found = in_force(list(reversed(history)))
    assert all("This reverts" not in c.message for c in found)
    assert [c.count for c in found] == sorted((c.count for c in found), reverse=True)


async def test_reason_cannot_pretend_to_be_a_trailer(bench: Any) -> None:
    first = await bench.environment.deploy(
        bench.release_spec(1), "demo", promotion="p", uid="uid-1"
    )
    reason = f"slow\n\nThis reverts commit {'0' * 40}.\nUndone-By: uid-9\n"
    undoing = await bench.environment.undo(first, reason, promotion="demo/q", uid="uid-2")
    assert await bench.environment.undone_by("uid-9", "demo", "hello") is None
    assert await bench.environment.undone_by("uid-2", "demo", "hello") == undoing
    assert await bench.environment.in_force("demo", "hello") == []


async def test_what_a_promotion_made_is_found_until_it_is_undone(bench: Any) -> None:
    environment = bench.environment
    assert await environment.made_by("uid-1", "demo", "hello") is None
    made = await environment.deploy(bench.release_spec(1), "demo", promotion="p", uid="uid-1")
    assert await environment.made_by("uid-1", "demo", "hello") == made
    await environment.undo(made, "broken", promotion="demo/p", uid="uid-1")
    assert await environment.made_by("uid-1", "demo", "hello") is None


async def test_other_applications_are_left_alone(bench: Any) -> None:
    environment = bench.environment
    await environment.deploy(bench.release_spec(1), "demo", promotion="p", uid="uid-1")
    other = bench.release_spec(2, application="other", repository="demo/other")
    await environment.deploy(other, "demo", promotion="q", uid="uid-2")
    assert len(await environment.in_force("demo", "hello")) == 1
    assert len(await bench.git.files("main")) == 2


@pytest.mark.parametrize("text", [b"a: 1", b"- x", b"a: 1\n---\nb: 2", b"metadata: {}\nspec: 1"])
async def test_a_file_that_somebody_broke_is_named(bench: Any, text: bytes) -> None:
    head = await bench.git.change(
        "main", {"demo/hello/webapplication.yaml": text}, message="by hand", key="k"
    )
    with pytest.raises(InvalidInput, match="is not a WebApplication with an image"):
        await bench.environment.deployed(head, "demo", "hello")
