from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import Any

import pytest
import typer

from idp.apps.cli.table import AREAS, COMMANDS


def test_every_command_stands_in_one_area() -> None:
    listed = [name for names in AREAS.values() for name in names]
    assert sorted(listed) == sorted(COMMANDS)


def loaded(name: str) -> Any:
    entry = COMMANDS[name]
    module, attribute = entry.module.split(":")
    group = typer.main.get_group(getattr(import_module(module), attribute))
    return group.commands[name] if entry.single else group


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_tells_what_the_command_tells(name: str) -> None:
    text = inspect.cleandoc(loaded(name).help or "")
    assert text.startswith(COMMANDS[name].help.rstrip("."))


@pytest.mark.parametrize("name", [n for n, entry in COMMANDS.items() if entry.single])
def test_every_command_shows_an_example(name: str) -> None:
    assert re.search(rf"Examples?:\s+.*idp-cli {name}", loaded(name).help)
