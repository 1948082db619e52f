"""Where etcd and kube-apiserver are, by the convention of controller-runtime's envtest.

`KUBEBUILDER_ASSETS` names their folder; without it they are looked for on the PATH, then in
`/usr/local/kubebuilder/bin`. Both must come from one place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from idp.kernel.errors import MissingPrerequisite

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"
DEFAULT_ASSETS = Path("/usr/local/kubebuilder/bin")
PROGRAMS = ("etcd", "kube-apiserver")

REMEDY = (
    "Install them with controller-runtime's setup-envtest (`setup-envtest use -p path` prints "
    f"their folder) and set {ASSETS_VARIABLE} to that folder, or leave the control plane embedded."
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """The two programs.

    Attributes:
        folder: Absolute; both are in it.
    """

    folder: Path

    @property
    def etcd(self) -> Path:
        """The store."""
        return self.folder / "etcd"

    @property
    def apiserver(self) -> Path:
        """The API."""
        return self.folder / "kube-apiserver"


def find_binaries(environment: Mapping[str, str], known: Path | None = None) -> Binaries:
    """Find the programs.

    Args:
        environment: Variables of the process.
        known: Where they were found before; counts after `KUBEBUILDER_ASSETS`, so that a platform
            goes on with the programs that it began with.

    Raises:
        MissingPrerequisite: They are in none of the places, or not in the one that is named.
    """
    if named := environment.get(ASSETS_VARIABLE):
        folder = Path(named).expanduser().absolute()
        if missing := _missing(folder):
            raise MissingPrerequisite(
                f"{ASSETS_VARIABLE} is {folder}, where {' and '.join(missing)} cannot be run",
                remedy=REMEDY,
            )
        return Binaries(folder)
    on_path = shutil.which("kube-apiserver", path=environment.get("PATH", os.defpath))
    places = [known, Path(on_path).absolute().parent if on_path else None, DEFAULT_ASSETS]
    for place in places:
        if place is not None and not _missing(place):
            return Binaries(place)
    raise MissingPrerequisite(
        f"etcd and kube-apiserver are not found: {ASSETS_VARIABLE} is not set, and they are "
        f"neither together on the PATH nor in {DEFAULT_ASSETS}",
        remedy=REMEDY,
    )


def _missing(folder: Path) -> list[str]:
    return [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
