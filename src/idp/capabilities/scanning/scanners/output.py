"""What confined scanners print, read with suspicion."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson

from idp.capabilities.scanning.sandbox import TARGET, Completed
from idp.kernel.errors import MissingPrerequisite, VerificationFailed


def installed_version(distribution: str) -> str:
    """Version of a scanner that comes as a Python distribution.

    Raises:
        MissingPrerequisite: It is not installed.
    """
    try:
        return version(distribution)
    except PackageNotFoundError as error:
        raise MissingPrerequisite(
            f"{distribution} is not installed",
            remedy="Install the dependency group `scanners` (`uv sync --group scanners`).",
        ) from error


def read_output(name: str, completed: Completed, good_codes: tuple[int, ...]) -> dict[str, Any]:
    """The JSON object that a scanner printed.

    Raises:
        VerificationFailed: It crashed, or printed something else.
    """
    if completed.code not in good_codes:
        lines = completed.errors.decode(errors="replace").strip().splitlines()
        last = lines[-1][:300] if lines else "it said nothing"
        raise VerificationFailed(f"{name} ended with code {completed.code}: {last}")
    try:
        output = orjson.loads(completed.output)
    except orjson.JSONDecodeError as error:
        raise VerificationFailed(f"{name} printed no JSON") from error
    if not isinstance(output, dict):
        raise VerificationFailed(f"{name} printed no JSON object")
    return output


def location(path: str, line: object) -> str:
    """`path:line` in the image, from a path in the sandbox."""
    inside = path.removeprefix(TARGET).removeprefix("./").lstrip("/")
    return f"/{inside}:{line}" if isinstance(line, int) else f"/{inside}"
