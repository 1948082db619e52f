from __future__ import annotations

import io

import pytest
from rich.console import Console

from idp.apps.cli.tree import Line, readable, tree, unfolded

DIGEST = "sha256:" + "9d5099428833" + "0" * 52


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (f"built 127.0.0.1:8600/demo/hello@{DIGEST}", "built demo/hello@sha256:9d5099428833"),
        ("checking out b89418998fb7dc043f7e341d8c0d0bbe3214827f", "checking out b894189"),
        ("http://hello.uat.localhost:8623/ answered", "http://hello.uat.localhost:8623/ answered"),
        ("sha256:abc is no digest", "sha256:abc is no digest"),
    ],
)
def test_what_nobody_reads_is_left_out(message: str, shown: str) -> None:
    assert readable(message) == shown


@pytest.fixture
def root() -> Line:
    root = Line("hello")
    pipeline = root.child("pipeline")
    pipeline.state, pipeline.seconds, pipeline.message = "done", 14.7, "release r1"
    pipeline.child("build").state = "done"
    uat = root.child("uat")
    uat.state = "attention"
    admit, approval = uat.child("admit"), uat.child("approval")
    admit.state, admit.seconds, admit.message = "done", 0.3, "evidence holds " * 20
    approval.state, approval.message = "attention", "idp-cli approve " + "x" * 100
    return root


def test_what_is_done_folds_when_something_came_after(root: Line) -> None:
    assert [line.title for _, line in unfolded(root)] == ["pipeline", "uat", "admit", "approval"]
    root.children[1].state = "done"
    assert "admit" in [line.title for _, line in unfolded(root)]


def test_seconds_stand_in_one_column_and_commands_are_whole(root: Line) -> None:
    console = Console(width=80, record=True, file=io.StringIO(), color_system=None)
    console.print(tree(root))
    lines = console.export_text().splitlines()
    pipeline, admit = (next(x for x in lines if title in x) for title in ("pipeline", "admit"))
    assert pipeline.index(" s ") == admit.index(" s ")
    assert all(len(line) <= 80 for line in lines)
    assert admit.rstrip().endswith("…")
    assert "".join(lines).count("x") >= 100
