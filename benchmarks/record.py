"""`python -m benchmarks.record`: run the demo in a pseudo-terminal and draw what it leaves there.

What is drawn is what the commands wrote: a small terminal applies the few control sequences with
which a live tree is redrawn, and `rich` turns the lines that remain into
`docs/pictures/quick-start.svg`.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from io import StringIO

from rich.console import Console
from rich.text import Text

from benchmarks.stage import CLI, REPOSITORY, Stage, free_first_port
from idp.apps.platform.settings import DEFAULT_PORT

PICTURE = REPOSITORY / "docs" / "pictures" / "quick-start.svg"
COLUMNS, ROWS = 110, 60
DEADLINE = 600.0
PROMPT = "$ idp-cli demo --approve"
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_CONTROL = re.compile(r"\x1b\[(\?)?([\d;]*)([A-Za-z])")


class Screen:
    """The lines of a terminal, with their colours, as far as `rich.live` needs one."""

    def __init__(self) -> None:
        self._lines = [""]
        self._row = 0

    def feed(self, text: str) -> None:
        """Write to the terminal."""
        position = 0
        while position < len(text):
            control = _CONTROL.match(text, position)
            if control is not None:
                self._obey(control)
                position = control.end()
            else:
                self._put(text[position])
                position += 1

    def _obey(self, control: re.Match[str]) -> None:
        count, command = control[2], control[3]
        if command == "m":
            self._lines[self._row] += control[0]  # colours stay with the line
        elif command == "A":
            self._row = max(self._row - int(count or 1), 0)
        elif command == "K":
            self._lines[self._row] = ""

    def _put(self, character: str) -> None:
        if character == "\n":
            self._row += 1
            if self._row == len(self._lines):
                self._lines.append("")
        elif character != "\r":
            self._lines[self._row] += character

    def text(self) -> Text:
        """What is on the terminal."""
        return Text.from_ansi("\n".join(self._lines).rstrip())


def record(command: list[str], environment: dict[str, str]) -> Text:
    """Run a command in a pseudo-terminal; gives what it leaves there.

    Raises:
        RuntimeError: It failed, or did not end in time.
    """
    ours, its = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
        env={**os.environ, **environment, "COLUMNS": str(COLUMNS), "LINES": str(ROWS)},
    )
    os.close(its)
    try:
        written = _read(ours, time.monotonic() + DEADLINE)
    finally:
        os.close(ours)
        process.terminate()
        code = process.wait()
    if code != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {code}: {written[-2000:]}")
    screen = Screen()
    screen.feed(written)
    return screen.text()


def _read(descriptor: int, deadline: float) -> str:
    chunks = []
    while time.monotonic() < deadline:
        if not select.select([descriptor], [], [], 1.0)[0]:
            continue
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # Linux's way to say that nobody has the other end open
            break
        chunks.append(chunk)
    return b"".join(chunks).decode(errors="replace")


def draw(parts: list[Text]) -> str:
    """SVG of a terminal window."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    for part in parts:
        console.print(part, overflow="crop", no_wrap=True)
    picture = console.export_svg(title="from git push to production", unique_id="quick-start")
    return _FONT.sub("", picture)  # pages do not load fonts for a picture; any monospace will do


def main() -> None:
    """Record and write the picture."""
    with Stage() as stage:
        environment = {"IDP_DATA": str(stage.layout.folder), "TERM": "xterm-256color"}
        port = str(free_first_port(DEFAULT_PORT))
        record([str(CLI), "up", "--yes", "--port", port], environment)
        demo = record([str(CLI), "demo", "--approve"], environment)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw([Text(PROMPT, style="bold"), demo]))
    print(PICTURE.relative_to(REPOSITORY), file=sys.stderr)


if __name__ == "__main__":
    main()
