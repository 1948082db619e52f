"""The look of a progress tree on a terminal. Pure.

1. Seconds stand in one column, whatever the depth.
2. A step that is done is folded into one line when something came after it, so that the tree of a
   long road fits a screen; what failed or waits for people stays open.
3. A message is cut at the width of the terminal, unless people must do what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.tree import Tree

State = Literal["waiting", "running", "done", "failed", "attention"]

MARKS: dict[State, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "running": ("◌", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "attention": ("!", "magenta"),
}
_TITLE_WIDTH, _SECONDS_WIDTH, _INDENT = 16, 7, 4
_IMAGE_HOST = re.compile(r"\b127\.0\.0\.1:\d+/(?=[-a-z0-9]+/[-a-z0-9.]+@)")
_DIGEST = re.compile(r"\bsha256:([0-9a-f]{12})[0-9a-f]{52}\b")
_COMMIT = re.compile(r"(?<![:0-9a-f])\b([0-9a-f]{7})[0-9a-f]{33}\b")


@dataclass
class Line:
    """One step.

    Attributes:
        title: What it is.
        state: How far it is.
        message: What it does or waits for.
        started: When it was first seen at work; None when it was not.
        seconds: How long it took; None until it ended, and when nobody saw it begin.
        children: Steps that it consists of.
    """

    title: str
    state: State = "waiting"
    message: str = ""
    started: float | None = None
    seconds: float | None = None
    children: list[Line] = field(default_factory=list)

    def child(self, title: str) -> Line:
        """The child of that title, added when it is new."""
        for line in self.children:
            if line.title == title:
                return line
        line = Line(title)
        self.children.append(line)
        return line


def readable(message: str) -> str:
    """Digests and commits short, images without the registry's address."""
    return _COMMIT.sub(r"\1", _DIGEST.sub(r"sha256:\1", _IMAGE_HOST.sub("", message)))


def took(line: Line) -> str:
    """How long a step took; empty while that is not known."""
    return "" if line.seconds is None else f"{line.seconds:.1f} s"


def is_folded(line: Line, *, last: bool) -> bool:
    """Whether the steps of a line are left out."""
    return line.state == "done" and not last


def unfolded(root: Line) -> Iterator[tuple[int, Line]]:
    """The lines that are shown, each with its depth, from above to below."""

    def walk(parent: Line, depth: int) -> Iterator[tuple[int, Line]]:
        for child in parent.children:
            yield depth, child
            if not is_folded(child, last=child is parent.children[-1]):
                yield from walk(child, depth + 1)

    return walk(root, 0)


def tree(root: Line) -> Tree:
    """Draw it."""
    from rich.text import Text
    from rich.tree import Tree

    drawn = Tree(Text(root.title, style="bold"), guide_style="dim")
    branches = [drawn]
    for depth, line in unfolded(root):
        mark, style = MARKS[line.state]
        width = _TITLE_WIDTH - _INDENT * depth
        cut = line.state != "attention" and line.state != "failed"
        text = Text(f"{mark} ", style=style, no_wrap=cut, overflow="ellipsis" if cut else "fold")
        seconds = took(line)
        text.append(f"{line.title:<{width}}{'':<{_SECONDS_WIDTH - len(seconds)}}", style="default")
        text.append(f"{seconds}  ", style="dim")
        text.append(line.message, style="default")
        del branches[depth + 1 :]
        branches.append(branches[depth].add(text))
    return drawn
