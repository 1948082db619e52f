"""The example applications, each copied into a Git repository of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from idp.kernel.errors import MissingPrerequisite

NAMESPACE = "demo"


@dataclass(frozen=True, slots=True)
class Example:
    """An application of `examples/`.

    Attributes:
        name: Name of the application.
        folder: Folder below `examples/`.
        path: Page that shows that it works.
    """

    name: str
    folder: str
    path: str


EXAMPLES = (
    Example("hello", "hello-python", "/"),
    Example("datasette", "datasette", "/"),
)


def source_of(example: Example) -> Path:
    """Where an example's code is.

    Raises:
        MissingPrerequisite: The package was installed without the examples.
    """
    folder = Path(__file__).resolve().parents[5] / "examples" / example.folder
    if not folder.is_dir():
        raise MissingPrerequisite(
            f"the example {example.folder} is not installed",
            remedy="Run it from a clone of the repository: `./scripts/quick-start.sh --demo`.",
        )
    return folder


def make_repository(example: Example, folder: Path) -> None:
    """Copy an example and commit it, today: lead times count from there."""
    if (folder / ".git").exists():
        return
    staging = folder.with_name(f".{folder.name}")
    shutil.rmtree(staging, ignore_errors=True)
    shutil.copytree(
        source_of(example),
        staging,
        ignore=shutil.ignore_patterns(".venv", "__pycache__", ".git", "*.egg-info"),
    )
    environment = {
        **os.environ,
        "GIT_AUTHOR_NAME": "Maya",
        "GIT_AUTHOR_EMAIL": "maya@example.com",
        "GIT_COMMITTER_NAME": "Maya",
        "GIT_COMMITTER_EMAIL": "maya@example.com",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all", "--force"],
        ["commit", "--quiet", "--message", f"Add {example.name}"],
    ):
        subprocess.run(["git", "-C", str(staging), *command], check=True, env=environment)
    staging.replace(folder)
