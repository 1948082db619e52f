"""Which control plane the instances of a platform use: chosen once, when it is set up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from idp.apps.platform.layout import ENVIRONMENTS
from idp.kernel.errors import InvalidInput

CHOICES = "embedded, envtest or kubeconfig:PATH"


class ControlPlaneSettings(BaseModel):
    """Where the Kubernetes API of every instance comes from.

    Attributes:
        kind: `embedded` is the platform's own server; `envtest` starts a real etcd and
            kube-apiserver per instance; `kubeconfig` uses clusters that run already.
        assets: Folder of etcd and kube-apiserver, for `envtest`.
        kubeconfig: Path of the file, for `kubeconfig`; it has a context per environment, of the
            same name.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["embedded", "envtest", "kubeconfig"] = "embedded"
    assets: str = ""
    kubeconfig: str = ""

    def __str__(self) -> str:
        return f"kubeconfig:{self.kubeconfig}" if self.kind == "kubeconfig" else self.kind


def parse_control_plane(text: str) -> ControlPlaneSettings:
    """Read what a person wrote: `embedded`, `envtest` or `kubeconfig:PATH`.

    Raises:
        InvalidInput: It is none of them.
    """
    kind, colon, path = text.partition(":")
    if kind == "kubeconfig" and path:
        absolute = Path(path).expanduser().absolute()
        return ControlPlaneSettings(kind="kubeconfig", kubeconfig=str(absolute))
    if not colon and kind == "embedded":
        return ControlPlaneSettings()
    if not colon and kind == "envtest":
        return ControlPlaneSettings(kind="envtest")
    raise InvalidInput(f"{text!r} is no control plane", remedy=f"The choices are {CHOICES}.")


def choose_control_plane(
    wanted: str | None, known: ControlPlaneSettings | None, folder: Path
) -> ControlPlaneSettings:
    """What `up` starts with.

    Args:
        wanted: What was asked for; None asks for nothing.
        known: Of a platform that is set up already; None for a new one.
        folder: Its data folder, for messages.

    Raises:
        InvalidInput: Another control plane is asked for than the platform has.
        MissingPrerequisite: The programs of `envtest` are not found, or the kubeconfig will not do.
    """
    chosen = known or ControlPlaneSettings()
    if wanted is not None:
        asked = parse_control_plane(wanted)
        # A file may move: which clusters it names is checked when an instance connects.
        if known is not None and asked.kind != known.kind:
            raise InvalidInput(
                f"the platform in {folder} has the control plane {known}, which does not change: "
                "its objects are there",
                remedy="Leave --control-plane out, or set up another platform with --data.",
            )
        chosen = (
            asked if known is None else known.model_copy(update={"kubeconfig": asked.kubeconfig})
        )
    if chosen.kind == "kubeconfig":
        from idp.apps.platform.clusters import connections

        connections(Path(chosen.kubeconfig), ENVIRONMENTS)
    if chosen.kind != "envtest":
        return chosen
    from idp.embedded.controlplane.binaries import find_binaries

    former = Path(chosen.assets) if chosen.assets else None
    return chosen.model_copy(update={"assets": str(find_binaries(os.environ, former).folder)})
