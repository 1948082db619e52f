"""The image's configuration and manifest. Pure: the same input, the same bytes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp.capabilities.building.decide import Plan, PythonPlan
from idp.capabilities.building.layers import Layer
from idp.kernel.clock import timestamp
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST, LAYER_GZIP, Descriptor
from idp.protocols.oci.runtime import (
    BASE_LABEL,
    HOST_BASE,
    RUNTIME_LABEL,
    RUNTIME_VERSION_LABEL,
)

SCRIPTS = "app/.idp/bin"
SITE_PACKAGES = "app/site-packages"
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an image comes from.

    Attributes:
        application: Its name.
        source: Git repository.
        revision: Commit, 40 hexadecimal digits.
        time: Of the commit; the image says it was created then.
    """

    application: str
    source: str
    revision: str
    time: datetime

    def annotations(self) -> dict[str, str]:
        """In the words of the OCI image specification."""
        return {
            "org.opencontainers.image.created": timestamp(self.time),
            "org.opencontainers.image.revision": self.revision,
            "org.opencontainers.image.source": self.source,
            "org.opencontainers.image.title": self.application,
        }


def render_config(
    plan: Plan,
    origin: Origin,
    layers: Sequence[tuple[str, Layer]],
    *,
    port: int,
    architecture: str,
    runtime_version: str,
) -> dict[str, Any]:
    """The image configuration.

    Args:
        plan: How it was built.
        origin: Where it comes from.
        layers: What each layer holds, and the layer.
        port: Where the application listens by default.
        architecture: In Go's words: `amd64`, `arm64`.
        runtime_version: Of Python, `3.11`.
    """
    created = timestamp(origin.time)
    return {
        "architecture": architecture,
        "os": "linux",
        "created": created,
        "config": {
            "Cmd": image_command(plan.command),
            "Env": [f"{name}={value}" for name, value in sorted(_environment(plan).items())],
            "ExposedPorts": {f"{port}/tcp": {}},
            "Labels": {
                **origin.annotations(),
                BASE_LABEL: HOST_BASE,
                RUNTIME_LABEL: "python" if isinstance(plan, PythonPlan) else "static",
                RUNTIME_VERSION_LABEL: runtime_version,
            },
            "WorkingDir": "/app",
        },
        "history": [{"created": created, "created_by": f"idp build: {what}"} for what, _ in layers],
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for _, layer in layers]},
    }


def image_command(command: Sequence[str]) -> list[str]:
    """A command as an image's `Cmd`.

    Kubernetes expands `$(PORT)` in a pod's own command and arguments, never in an image's: there,
    a shell must do it.
    """
    if not any(_REFERENCE.search(argument) for argument in command):
        return list(command)
    return ["/bin/sh", "-c", " ".join(["exec", *(_shell_word(argument) for argument in command)])]


def _shell_word(argument: str) -> str:
    """An argument as a shell reads it; `$(NAME)` becomes its variable, `$$` is a dollar sign."""
    word = ""
    position = 0
    for match in _REFERENCE.finditer(argument):
        word += shlex.quote(argument[position : match.start()]) if match.start() > position else ""
        word += f'"${{{match[1]}}}"' if match[1] else "'$'"
        position = match.end()
    rest = argument[position:]
    return word + (shlex.quote(rest) if rest or not word else "")


def render_manifest(
    config: Descriptor, layers: Sequence[Descriptor], origin: Origin
) -> dict[str, Any]:
    """The image manifest."""
    return {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": {**config.as_json(), "mediaType": IMAGE_CONFIG},
        "layers": [{**layer.as_json(), "mediaType": LAYER_GZIP} for layer in layers],
        "annotations": origin.annotations(),
    }


def _environment(plan: Plan) -> dict[str, str]:
    """Nothing is written beside the code, and logs are not held back."""
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    system = "/usr/local/bin:/usr/bin:/bin"
    if not isinstance(plan, PythonPlan):
        return {**environment, "PATH": system}
    return {
        **environment,
        "PATH": f"/{SCRIPTS}:/{SITE_PACKAGES}/bin:{system}",
        "PYTHONPATH": ":".join((*plan.python_path, f"/{SITE_PACKAGES}")),
    }
