"""A live tree of long work: what each step does, what it waits for, how long it took.

On a terminal the tree is redrawn in place; elsewhere every change of a line is printed once, so
that a log reads as a story. It goes to standard error: standard output is for results.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from idp.apps.cli.tree import MARKS, Line, State, readable, took, tree

if TYPE_CHECKING:
    from rich.live import Live
    from rich.tree import Tree


class Progress:
    """Shows a tree while it is entered as a context."""

    def __init__(self, title: str) -> None:
        self.root = Line(title)
        self._live_terminal = sys.stderr.isatty()
        self._live: Live | None = None
        self._printed: dict[int, tuple[State, str]] = {}

    def __enter__(self) -> Self:
        if self._live_terminal:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                get_renderable=self._tree, refresh_per_second=8, console=Console(stderr=True)
            )
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, line: Line, state: State, message: str = "") -> None:
        """Set a step's state and message."""
        ended = state in ("done", "failed")
        if ended and line.seconds is None and line.started is not None:
            line.seconds = time.monotonic() - line.started
        if not ended and state != "waiting" and line.started is None:
            line.started = time.monotonic()
        line.state, line.message = state, readable(message)
        if not self._live_terminal:
            self._print(line)

    def _print(self, line: Line) -> None:
        if line.state == "waiting" or self._printed.get(id(line)) == (line.state, line.message):
            return
        self._printed[id(line)] = (line.state, line.message)
        indent = "  " * self._depth(self.root, line, 0)
        mark = MARKS[line.state][0]
        print(f"{indent}{mark} {_describe(line)}", file=sys.stderr, flush=True)

    def _depth(self, parent: Line, wanted: Line, depth: int) -> int:
        if parent is wanted:
            return depth
        for child in parent.children:
            if (found := self._depth(child, wanted, depth + 1)) >= 0:
                return found
        return -1

    def _tree(self) -> Tree:
        return tree(self.root)


def _describe(line: Line) -> str:
    seconds = f"  ({took(line)})" if took(line) else ""
    return f"{line.title}{': ' + line.message if line.message else ''}{seconds}"
