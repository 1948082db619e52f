from __future__ import annotations

from pathlib import Path

import pytest

from idp.apps.cli.start import HOPELESS_DEATHS, _demand_hope
from idp.apps.platform.layout import Layout
from idp.apps.platform.readiness import PartState, State
from idp.kernel.errors import Unavailable


def part(message: str = "", *, pid: int = 0, remedy: str = "", hopeless: bool = False) -> PartState:
    state: State = "starting" if pid else "stopped"
    return PartState("uat", state, pid, 0, message, "", remedy=remedy, hopeless=hopeless)


def test_a_part_that_dies_again_and_again_ends_the_wait(tmp_path: Path) -> None:
    dead = part("it died (killed by SIGSEGV)")
    _demand_hope(dead, HOPELESS_DEATHS - 1, Layout(tmp_path))
    with pytest.raises(Unavailable, match=r"uat does not start: it died \(killed") as raised:
        _demand_hope(dead, HOPELESS_DEATHS, Layout(tmp_path))
    assert str(tmp_path / "logs" / "uat.log") in str(raised.value.remedy)


def test_a_part_that_cannot_work_ends_it_at_once_with_its_own_remedy(tmp_path: Path) -> None:
    dead = part("it is newer", remedy="Go back.", hopeless=True)
    with pytest.raises(Unavailable) as raised:
        _demand_hope(dead, 1, Layout(tmp_path))
    assert raised.value.remedy == "Go back."


def test_what_died_before_this_up_does_not_count(tmp_path: Path) -> None:
    _demand_hope(part(hopeless=True), 0, Layout(tmp_path))


def test_a_part_that_is_being_tried_again_is_waited_for(tmp_path: Path) -> None:
    _demand_hope(part(pid=5), HOPELESS_DEATHS, Layout(tmp_path))
