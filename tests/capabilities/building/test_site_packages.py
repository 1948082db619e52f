"""Installed packages lose the traces of the machine that installed them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from idp.capabilities.building.site_packages import package_entries, script_entries
from idp.kernel.errors import InvalidInput

Write = Callable[[Path, dict[str, str]], Path]


def entries(folder: Path) -> dict[str, tuple[bytes, bool]]:
    found = {}
    for entry in package_entries(folder, "p"):
        content = entry.content
        read = content.read_bytes() if isinstance(content, Path) else content
        assert isinstance(read, bytes)
        found[entry.path] = (read, entry.executable)
    return found


def test_scripts_run_the_python_that_is_first_on_the_path(
    tmp_path: Path, write_tree: Write
) -> None:
    write_tree(
        tmp_path,
        {
            "x-1.dist-info/entry_points.txt": "[console_scripts]\nx = x.cli:app.main [extra]\n",
            "bin/x": "#!/home/someone/python\nanything\n",
            "bin/own": "#!/home/someone/python\nimport x\n",
            "bin/long": "#!/bin/sh\n'''exec' '/long/python' \"$0\"\n' '''\nimport x\n",
            "bin/shell": "#!/bin/sh\necho\n",
        },
    )
    found = entries(tmp_path)
    start = b"#!/usr/bin/env python3\n"
    assert found["p/bin/x"] == (
        start + b"import sys\n\nfrom x.cli import app\n\nsys.exit(app.main())\n",
        True,
    )
    assert found["p/bin/own"] == (start + b"import x\n", True)
    assert found["p/bin/long"] == (start + b"import x\n", True)
    assert found["p/bin/shell"] == (b"#!/bin/sh\necho\n", True)


def test_records_are_sorted_and_name_no_scripts(tmp_path: Path, write_tree: Write) -> None:
    record = "z.py,sha256=1,1\nbin/x,sha256=2,2\n../../bin/y,,\na.py,sha256=3,3\n"
    write_tree(
        tmp_path,
        {
            "x-1.dist-info/RECORD": record + "x-1.dist-info/direct_url.json,,\n",
            "x-1.dist-info/direct_url.json": "{}",
            ".lock": "",
            "data/RECORD": "kept as it is",
        },
    )
    found = entries(tmp_path)
    assert found["p/x-1.dist-info/RECORD"] == (b"a.py,sha256=3,3\nz.py,sha256=1,1\n", False)
    assert found["p/data/RECORD"] == (b"kept as it is", False)
    assert sorted(found) == ["p/data/RECORD", "p/x-1.dist-info/RECORD"]


def test_a_link_in_a_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match="link"):
        package_entries(tmp_path, "p")


def test_a_projects_own_scripts() -> None:
    (entry,) = script_entries({"hello": "hello.server:main"}, "app/.idp/bin")
    assert (entry.path, entry.executable) == ("app/.idp/bin/hello", True)
    assert b"from hello.server import main" in bytes(entry.content)  # type: ignore[arg-type]
