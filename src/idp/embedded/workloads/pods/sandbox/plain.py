"""The command of a container on a machine that allows no sandbox.

A plain child process of a small shell that writes down the exit code, as bubblewrap would. There
are no mounts: the image's files and the volumes stay where they are on this machine, and paths
that begin with one of their places inside are rewritten in the command and in the variables. A
path that is written in the application's code is not found; the pod's condition
`SandboxUnavailable` says so.
"""

from __future__ import annotations

from pathlib import Path

from idp.embedded.workloads.pods.sandbox.spec import (
    ARGUMENTS_FD,
    FILTER_FD,
    STATUS_FD,
    Launch,
    ProcessSpec,
)
from idp.kernel.errors import MissingPrerequisite

_SCRIPT = (
    'cd -- "$1" || exit 125; shift; "$@" '
    + f"{STATUS_FD}>&- {ARGUMENTS_FD}<&- {FILTER_FD}<&-; code=$?; "
    f'printf \'{{ "exit-code": %d }}\\n\' "$code" >&{STATUS_FD}; exit "$code"'
)


def launch(spec: ProcessSpec) -> Launch:
    """The command.

    Raises:
        MissingPrerequisite: The image brings a root of its own, which needs a mount namespace.
    """
    if not spec.on_host_runtime:
        raise MissingPrerequisite(
            "the image brings its own root file system, which needs the sandbox that this machine "
            "does not allow",
            remedy="Allow unprivileged user namespaces, or build the application for the host's "
            "runtime.",
        )
    places = _places(spec)
    folder = _rewritten(spec.working_directory, places)
    environment = {
        name: ":".join(_rewritten(part, places) for part in value.split(":"))
        for name, value in spec.environment.items()
    }
    command = [_rewritten(part, places) for part in spec.command]
    return Launch(
        executable="/bin/sh",
        arguments=(spec.identity, "-c", _SCRIPT, "sh", folder, *command),
        environment=environment,
    )


def _places(spec: ProcessSpec) -> list[tuple[str, Path]]:
    """Paths inside and where they are; the longest first."""
    places = [(mount.target.rstrip("/"), mount.source) for mount in spec.mounts]
    places += [(f"/{entry.name}", entry) for entry in spec.image_root.iterdir()]
    return sorted(places, key=lambda place: -len(place[0]))


def _rewritten(text: str, places: list[tuple[str, Path]]) -> str:
    for inside, outside in places:
        if text == inside or text.startswith(f"{inside}/"):
            return f"{outside}{text[len(inside) :]}"
    return text
