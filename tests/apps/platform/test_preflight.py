from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from idp.apps.platform.files import write_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.preflight import Check, check_ports, demand, machine_checks, port_is_free
from idp.apps.platform.settings import settings_from_port
from idp.kernel.errors import MissingPrerequisite


def test_this_machine_will_do(tmp_path: Path) -> None:
    checks = machine_checks(tmp_path / "not" / "there" / "yet")
    assert {check.name for check in checks} == {"Python", "Git", "Sandbox", "Disk", "Memory"}
    demand(checks)


def test_a_port_in_use_is_named_with_its_holder_and_a_remedy(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not port_is_free(port)
        settings = settings_from_port(9600).model_copy(update={"hub": port})
        with pytest.raises(MissingPrerequisite) as raised:
            demand(check_ports(settings, Layout(tmp_path)))
    assert f"Port {port}" in str(raised.value)
    assert f"(process {os.getpid()})" in str(raised.value)
    assert "--port" in str(raised.value.remedy)


def test_what_is_only_desirable_does_not_stop() -> None:
    demand([Check("Sandbox", good=False, found="no", remedy="x", required=False)])


def test_the_gateway_of_this_platform_may_hold_its_port(tmp_path: Path) -> None:
    layout, settings = Layout(tmp_path), settings_from_port(9600)
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        port = gateway.getsockname()[1]
        settings.instances["uat"].gateway = port
        assert [c.name for c in check_ports(settings, layout) if not c.good] == [f"Port {port}"]
        started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        write_json(
            layout.instance("uat").gateway / "process.json",
            {"pid": os.getpid(), "started": started, "version": ""},
        )
        assert all(check.good for check in check_ports(settings, layout))
