"""What a source tree is taken for, how it starts, and what is refused."""

from __future__ import annotations

import pytest

from idp.capabilities.building.decide import (
    Plan,
    PythonPlan,
    StaticPlan,
    decide,
    procfile_command,
)
from idp.capabilities.building.facts import Facts
from idp.kernel.errors import InvalidInput

LOCK = """
version = 1
requires-python = ">=3.11"

[[package]]
name = "hello"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "py-yaml" }]
"""
PROJECT = '[project]\nname = "hello"\ndependencies = ["Py_YAML>=6"]\n'
START = {"hello/__main__.py": ""}


def plan(files: dict[str, str], facts: Facts | None = None) -> Plan:
    return decide(
        frozenset(files), lambda path, limit: files.get(path), facts or Facts("hello"), "3.11.7"
    )


def python_plan(files: dict[str, str], facts: Facts | None = None) -> PythonPlan:
    found = plan({"pyproject.toml": PROJECT, "uv.lock": LOCK, **files}, facts)
    assert isinstance(found, PythonPlan)
    return found


def refusal(files: dict[str, str], facts: Facts | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        plan(files, facts)
    assert caught.value.remedy
    return caught.value


def test_nothing_recognised_says_what_was_looked_for() -> None:
    message = refusal({"README.md": "", "main.go": ""}).message
    for wanted in ("pyproject.toml", "uv.lock", "pylock.toml", "requirements.txt", "index.html"):
        assert wanted in message


@pytest.mark.parametrize(("path", "folder"), [("", ""), ("public/", "public"), ("dist/", "dist")])
def test_a_site_is_where_its_index_is(path: str, folder: str) -> None:
    found = plan({f"{path}index.html": "<html>"})
    assert isinstance(found, StaticPlan)
    assert found.folder == folder
    assert found.command == ("python3", "/app/serve.py", "/app/site")
    assert f"{path}index.html" in found.explanation


def test_a_python_project_with_templates_is_no_site() -> None:
    assert python_plan({**START, "public/index.html": ""}).lock == "uv.lock"


@pytest.mark.parametrize("lock", ["pylock.toml", "requirements.txt"])
def test_other_locks_do_too(lock: str) -> None:
    found = plan({lock: "", **START})
    assert isinstance(found, PythonPlan)
    assert found.lock == lock
    assert lock in found.explanation


def test_without_a_lock_there_is_no_build() -> None:
    error = refusal({"pyproject.toml": PROJECT, **START})
    assert "lock" in error.message
    assert "`uv lock`" in (error.remedy or "")


def test_a_lock_that_lacks_a_dependency_is_stale() -> None:
    project = '[project]\nname = "hello"\ndependencies = ["py-yaml", "httpx[http2]>=1"]\n'
    error = refusal({"pyproject.toml": project, "uv.lock": LOCK, **START})
    assert "httpx" in error.message
    assert "py-yaml" not in error.message


def test_another_python_than_the_hosts_is_refused() -> None:
    project = PROJECT + 'requires-python = ">=3.14"\n'
    assert "3.11.7" in refusal({"pyproject.toml": project, "uv.lock": LOCK, **START}).message


@pytest.mark.parametrize("folder", ["site-packages", ".idp"])
def test_folders_that_the_image_needs_are_refused(folder: str) -> None:
    files = {"pyproject.toml": PROJECT, "uv.lock": LOCK, f"{folder}/x.py": "", **START}
    assert folder in refusal(files).message


def test_a_src_layout_is_importable() -> None:
    assert python_plan(START).python_path == ("/app",)
    assert python_plan({"src/hello/__main__.py": ""}).python_path == ("/app/src", "/app")


def test_the_command_is_looked_for_in_order() -> None:
    script = PROJECT + '[project.scripts]\nhello = "hello.server:main"\n'
    procfile = "worker: x\nweb: gunicorn hello:app --bind 0.0.0.0:$PORT\n"
    stated = Facts("hello", command=("python3", "x.py"))
    everything = {"pyproject.toml": script, "Procfile": procfile, **START}
    assert python_plan(everything, stated).command == ("python3", "x.py")
    assert python_plan(everything).command == ("hello",)
    assert python_plan({"Procfile": procfile, **START}).command == ("python3", "-m", "hello")
    assert python_plan({"Procfile": procfile}).command == (
        "gunicorn",
        "hello:app",
        "--bind",
        "0.0.0.0:$(PORT)",
    )


def test_an_unclear_start_is_refused() -> None:
    files = {"pyproject.toml": PROJECT, "uv.lock": LOCK}
    for more in ({}, {"a/__main__.py": "", "b/__main__.py": ""}, {"deep/er/__main__.py": ""}):
        error = refusal({**files, **more})
        assert "command" in (error.remedy or "")


def test_scripts_are_checked() -> None:
    project = PROJECT + '[project.scripts]\n"../x" = "hello:main"\n'
    assert "../x" in refusal({"pyproject.toml": project, "uv.lock": LOCK}).message
    project = PROJECT + '[project.scripts]\nx = "import os; os.x()"\n'
    assert "scripts.x" in refusal({"pyproject.toml": project, "uv.lock": LOCK}).message


@pytest.mark.parametrize(
    ("pyproject", "lock"),
    [
        ("[", LOCK),
        ("project = 1", LOCK),
        (PROJECT + 'requires-python = "x"', LOCK),
        ('[project]\ndependencies = ["???"]', LOCK),
        ("[project]\ndependencies = 1", LOCK),
        ('[project]\nscripts = "x"', LOCK),
        (PROJECT, "["),
        (PROJECT, "package = 1"),
        (PROJECT, "package = [1]"),
    ],
)
def test_malformed_files_are_refused_by_name(pyproject: str, lock: str) -> None:
    error = refusal({"pyproject.toml": pyproject, "uv.lock": lock, **START})
    assert "pyproject.toml" in error.message or "uv.lock" in error.message


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("python app.py", ("python", "app.py")),
        ("serve -p ${PORT} 'a b'", ("serve", "-p", "$(PORT)", "a b")),
        ("serve $PORTS", ("/bin/sh", "-c", "serve $PORTS")),
        ("a && b", ("/bin/sh", "-c", "a && b")),
        ("serve > log $PORT", ("/bin/sh", "-c", "serve > log $PORT")),
    ],
)
def test_a_procfile_line_becomes_a_command(line: str, command: tuple[str, ...]) -> None:
    assert procfile_command(line) == command


def test_a_procfile_line_with_an_open_quote_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Procfile"):
        procfile_command("serve 'x")
