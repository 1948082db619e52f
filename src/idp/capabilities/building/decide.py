"""What a source tree is and how it will be built. Pure.

1. `pyproject.toml`, `uv.lock`, `pylock.toml` or `requirements.txt` at the root: a Python project.
   A lock is demanded: without one, the same source would give another image tomorrow.
2. `index.html` at the root, in `public/` or in `dist/`: a static site.
3. Anything else is refused, with what was looked for.

A Python project starts by, in this order: `command` of `idp.yaml`; its one `[project.scripts]`
entry; `python3 -m <package>` of its one package with a `__main__.py`; `web:` of a `Procfile`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from idp.capabilities.building.facts import Facts
from idp.capabilities.building.locks import MAX_LOCK
from idp.capabilities.building.project import Project, locked_names, malformed, read_project
from idp.kernel.errors import InvalidInput

LOCKS = ("uv.lock", "pylock.toml", "requirements.txt")
SITE_FOLDERS = ("", "public", "dist")
_PYTHON_FILES = ("pyproject.toml", *LOCKS)
_TAKEN = ("site-packages", ".idp")
_MAX_TEXT = 2**20
_SHELL = re.compile(r"[|&;<>`$*?~#\n]")

Read = Callable[[str, int], str | None]
"""Content of a file of the tree by path, at most so many bytes; None when there is none."""


@dataclass(frozen=True, slots=True)
class PythonPlan:
    """A Python project.

    Attributes:
        lock: Name of the lock file.
        python_path: Folders of the image that hold importable code, before the dependencies.
        scripts: Commands that the project itself defines: name -> `module:function`.
        command: How it starts.
        explanation: Why it is this.
    """

    lock: str
    python_path: tuple[str, ...]
    scripts: Mapping[str, str]
    command: tuple[str, ...]
    explanation: str


@dataclass(frozen=True, slots=True)
class StaticPlan:
    """A site of files.

    Attributes:
        folder: Where `index.html` is; empty for the root.
        command: How it is served.
        explanation: Why it is this.
    """

    folder: str
    command: tuple[str, ...]
    explanation: str


Plan = PythonPlan | StaticPlan


def decide(paths: frozenset[str], read: Read, facts: Facts, python_version: str) -> Plan:
    """Decide how a tree is built.

    Args:
        paths: Of all its files.
        read: Reads one of them.
        facts: From `idp.yaml`.
        python_version: Of the interpreter that will run it, such as `3.11.7`.

    Raises:
        InvalidInput: It is not recognised, or lacks what its kind needs.
    """
    if found := [name for name in _PYTHON_FILES if name in paths]:
        return _python(paths, read, facts, python_version, found[0])
    for folder in SITE_FOLDERS:
        index = f"{folder}/index.html".lstrip("/")
        if index in paths:
            command = facts.command or ("python3", "/app/serve.py", "/app/site")
            return StaticPlan(folder, command, f"static site: {index} is there")
    raise InvalidInput(
        "nothing that can be built was recognised. Looked for a Python project "
        f"({', '.join(_PYTHON_FILES)}) and for a static site (index.html at the root, in public/ "
        "or in dist/)",
        remedy="Add a pyproject.toml and run `uv lock`, or add an index.html; then push again.",
    )


def _python(
    paths: frozenset[str], read: Read, facts: Facts, python_version: str, because: str
) -> PythonPlan:
    project = read_project(read("pyproject.toml", _MAX_TEXT))
    lock = next((name for name in LOCKS if name in paths), None)
    if lock is None:
        raise InvalidInput(
            "the Python project has no lock file, so its dependencies would change by themselves",
            remedy="Run `uv lock`, commit uv.lock and push again.",
        )
    for folder in _TAKEN:
        if any(path.startswith(f"{folder}/") for path in paths):
            raise InvalidInput(
                f"the source has a folder {folder}, which the image needs for its own",
                remedy="Remove it from the repository, or rename it.",
            )
    if not project.allows(python_version):
        raise InvalidInput(
            f"the project wants Python {project.requires_python}; images here run on the host's "
            f"Python {python_version}",
            remedy=f"Widen requires-python to allow {python_version}, run `uv lock`, push again.",
        )
    if lock == "uv.lock":
        _demand_current(project, read)
    has_src = any(path.startswith("src/") and path.endswith(".py") for path in paths)
    return PythonPlan(
        lock=lock,
        python_path=("/app/src", "/app") if has_src else ("/app",),
        scripts=project.scripts,
        command=_command(paths, read, facts, project.scripts),
        explanation=f"Python project: {because} is there; dependencies from {lock}",
    )


def _demand_current(project: Project, read: Read) -> None:
    """Refuse a lock that does not know a dependency of the project."""
    known = locked_names(read("uv.lock", MAX_LOCK) or "")
    if absent := sorted(project.dependency_names() - known):
        raise InvalidInput(
            f"uv.lock is older than pyproject.toml: it does not know {', '.join(absent)}",
            remedy="Run `uv lock`, commit uv.lock and push again.",
        )


def _command(
    paths: frozenset[str], read: Read, facts: Facts, scripts: Mapping[str, str]
) -> tuple[str, ...]:
    if facts.command:
        return facts.command
    if len(scripts) == 1:
        return tuple(scripts)
    packages = sorted(
        {
            match[1]
            for path in paths
            if (match := re.fullmatch(r"(?:src/)?([A-Za-z_]\w*)/__main__\.py", path))
        }
    )
    if len(packages) == 1:
        return ("python3", "-m", packages[0])
    if line := _procfile_line(read("Procfile", _MAX_TEXT) or ""):
        return procfile_command(line)
    raise InvalidInput(
        "it is not clear how the application starts: no `command` in idp.yaml, no single "
        "[project.scripts] entry, no single package with a __main__.py, no `web:` in a Procfile",
        remedy="Add `command: [...]` to the WebApplication in idp.yaml.",
    )


def _procfile_line(text: str) -> str:
    match = re.search(r"^web:[ \t]*(.+)$", text, re.MULTILINE)
    return match[1].strip() if match else ""


def procfile_command(line: str) -> tuple[str, ...]:
    """The command of a Procfile line; `$PORT` becomes `$(PORT)`, which Kubernetes expands.

    A line that needs a shell (pipes, other variables, wildcards) is given to one as it stands:
    `PORT` is an environment variable too.
    """
    plain = re.sub(r"\$(?:PORT\b|\{PORT\})", "$(PORT)", line)
    if _SHELL.search(plain.replace("$(PORT)", "")):
        return ("/bin/sh", "-c", line)
    try:
        return tuple(shlex.split(plain))
    except ValueError as error:
        raise malformed("Procfile", f"web: {error}") from error
