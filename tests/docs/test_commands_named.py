"""Every `idp-cli ...` that the documentation or a message names is a command with these options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from idp.apps.cli.main import application

REPOSITORY = Path(__file__).resolve().parents[2]
_IN_TEXT = re.compile(r"`(idp-cli [^`]+)`")
_IN_CONSOLE = re.compile(r"^\$ (?:\.venv/bin/)?(idp-cli .*)$", re.MULTILINE)


def named() -> Iterator[tuple[str, str]]:
    pages = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")]
    code = REPOSITORY.glob("src/idp/**/*.py")
    for path in sorted([*pages, *code]):
        # Texts in code go over several lines: join what implicit concatenation joins.
        text = re.sub(r'"\s*\n\s*f?"', "", path.read_text())
        for pattern in (_IN_TEXT, _IN_CONSOLE):
            for match in pattern.finditer(text):
                yield str(path.relative_to(REPOSITORY)), match[1]


COMMANDS = sorted({command for _, command in named()})


def test_there_are_some() -> None:
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("command", COMMANDS)
def test_it_exists_with_these_options(command: str) -> None:
    words = shlex.split(re.sub(r"\{[^{}]*\}|\.\.\.", "x", command.split("#")[0].split("|")[0]))[1:]
    group: Any = typer.main.get_command(application)
    context = group.make_context("idp-cli", [], resilient_parsing=True)
    while words and hasattr(group, "get_command") and not words[0].startswith("-"):
        if words[0].isupper() or words[0] == "x":
            return  # stands for any command
        found = group.get_command(context, words[0])
        assert found is not None, f"there is no `{words[0]}`"
        group, words = found, words[1:]
    known = {name for parameter in group.params for name in parameter.opts} | {"--help", "-h"}
    used = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert used <= known | {"--version"}
