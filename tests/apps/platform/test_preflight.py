from __future__ import annotations

import socket
from pathlib import Path

import pytest

from idp.apps.platform.preflight import Check, check_ports, demand, machine_checks, port_is_free
from idp.apps.platform.settings import settings_from_port
from idp.kernel.errors import MissingPrerequisite


def test_this_machine_will_do(tmp_path: Path) -> None:
    checks = machine_checks(tmp_path / "not" / "there" / "yet")
    assert {check.name for check in checks} == {"Python", "Git", "Sandbox", "Disk", "Memory"}
    demand(checks)


def test_a_port_in_use_is_named_with_a_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not port_is_free(port)
        settings = settings_from_port(9600).model_copy(update={"hub": port})
        with pytest.raises(MissingPrerequisite) as raised:
            demand(check_ports(settings))
    assert f"Port {port}" in str(raised.value)
    assert "--port" in str(raised.value.remedy)


def test_what_is_only_desirable_does_not_stop() -> None:
    demand([Check("Sandbox", good=False, found="no", remedy="x", required=False)])
