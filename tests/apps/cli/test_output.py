from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from idp.apps.cli.options import Format
from idp.apps.cli.output import write

ROWS: Sequence[Mapping[str, Any]] = [
    {"name": "a", "state": "running", "more": [1]},
    {"name": "bbbb", "state": "", "more": []},
]


def run(output: Format, rows: Sequence[Mapping[str, Any]] = ROWS) -> None:
    write(rows, output, columns=("name", "state"), name="name", empty="Nothing; try `x`.")


def test_a_table_for_pipes_has_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    run(Format.TABLE)
    assert capsys.readouterr().out.splitlines() == ["NAME   STATE", "a      running", "bbbb"]


def test_json_and_yaml_hold_everything(capsys: pytest.CaptureFixture[str]) -> None:
    run(Format.JSON)
    assert json.loads(capsys.readouterr().out) == ROWS
    run(Format.YAML)
    assert yaml.safe_load(capsys.readouterr().out) == ROWS


def test_names_are_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    run(Format.NAME)
    assert capsys.readouterr().out == "a\nbbbb\n"


def test_nothing_says_what_to_do_and_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    run(Format.TABLE, [])
    assert capsys.readouterr().out == "Nothing; try `x`.\n"
    run(Format.JSON, [])
    assert json.loads(capsys.readouterr().out) == []
