from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from idp.capabilities.scanning.commands import application
from idp.kernel.errors import Forbidden, InvalidInput

RECORD = {
    "id": "TEST-1",
    "modified": "2026-11-20T00:00:00Z",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "flask"}, "versions": ["1.0"]}],
}


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def run(*arguments: str) -> str:
        def locate(data: Path | None) -> Path:
            return (data or tmp_path / "default") / "advisories.db"

        result = CliRunner().invoke(application, arguments, obj=locate)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(RECORD) + "\nnonsense\n")
    return str(path)


def test_an_import_is_counted_and_its_bad_records_are_named(run: Any, source: str) -> None:
    output = run("db", "import", source)
    assert "ADDED       1" in output
    assert "MALFORMED   1" in output
    assert f"{source}:2: " in output


def test_status_in_every_form(run: Any, source: str) -> None:
    assert "security db import FILE" in run("db", "status")
    run("db", "import", source)
    assert "RECORDS     1" in run("db", "status")
    answers = (
        json.loads(run("db", "status", "-o", "json")),
        yaml.safe_load(run("db", "status", "-o", "yaml")),
    )
    for answer in answers:
        assert (answer["records"], answer["updated"]) == (1, "2026-11-20T00:00:00Z")
        assert answer["digest"].startswith("sha256:")


def test_another_data_folder(run: Any, source: str, tmp_path: Path) -> None:
    run("db", "import", source, "--data", str(tmp_path / "other"))
    assert (tmp_path / "other" / "advisories.db").exists()
    assert not (tmp_path / "default").exists()


def test_an_update_takes_only_public_https_addresses(run: Any) -> None:
    with pytest.raises(InvalidInput, match="not an https address"):
        run("db", "update", "http://example.com/all.zip")
    for command in ("update", "import"):
        with pytest.raises(Forbidden, match="not a public address"):
            run("db", command, "https://127.0.0.1/all.zip")


def test_importing_the_commands_stays_cheap() -> None:
    code = (
        "import sys, idp.capabilities.scanning.commands\n"
        "print({'sqlalchemy', 'aiohttp', 'orjson', 'cryptography'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout.strip() == b"set()"
