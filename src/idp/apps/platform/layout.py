"""Where everything is in the data folder. The only module that knows these names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENTS = ("development", "staging", "uat", "production")
DATA_VARIABLE = "IDP_DATA"


def default_data_folder() -> Path:
    """`IDP_DATA`, else `idp` in the user's data folder (XDG base directory specification)."""
    if chosen := os.environ.get(DATA_VARIABLE):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "idp"


@dataclass(frozen=True, slots=True)
class InstanceLayout:
    """The folder of one instance.

    Attributes:
        folder: `instances/<environment>`; nothing outside it belongs to the instance.
    """

    folder: Path

    @property
    def apiserver(self) -> Path:
        """Database and certificates of the Kubernetes API."""
        return self.folder / "apiserver"

    @property
    def control_plane(self) -> Path:
        """Data, sockets, keys and logs of a real etcd and kube-apiserver; else absent."""
        return self.folder / "control-plane"

    @property
    def cluster(self) -> Path:
        """JSON: identity of the cluster that a kubeconfig named, once it was used."""
        return self.folder / "cluster.json"

    @property
    def history(self) -> Path:
        """SQL database of the history."""
        return self.folder / "history.db"

    @property
    def keys(self) -> Path:
        """The signing key and the keys that are trusted."""
        return self.folder / "keys"

    @property
    def trusted_keys(self) -> Path:
        """JSON: environment -> PEM text, pinned at set-up."""
        return self.keys / "trusted.json"

    @property
    def authorities(self) -> Path:
        """JSON: certificates of the hub's authorities, pinned at set-up."""
        return self.keys / "authorities.json"

    @property
    def hub_credential(self) -> Path:
        """JSON: name and password with which the instance uses registry and Git; 0600."""
        return self.folder / "hub-credential.json"

    @property
    def gateway(self) -> Path:
        """Configuration of the gateway, and which process it is."""
        return self.folder / "gateway"

    @property
    def workloads(self) -> Path:
        """Applications that run, and their logs."""
        return self.folder / "workloads"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; 0600."""
        return self.folder / "kubeconfig"

    @property
    def hub_kubeconfig(self) -> Path:
        """With which the hub acts for users, by impersonation only; 0600."""
        return self.folder / "hub.kubeconfig"


@dataclass(frozen=True, slots=True)
class Layout:
    """The data folder.

    Attributes:
        folder: Everything of one platform is below it.
    """

    folder: Path

    @property
    def settings(self) -> Path:
        """Ports and environments."""
        return self.folder / "platform.json"

    @property
    def supervisor(self) -> Path:
        """Process id of the supervisor and of what it started."""
        return self.folder / "supervisor.json"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the one supervisor that runs."""
        return self.folder / "supervisor.lock"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.folder / "logs"

    def log(self, name: str) -> Path:
        """Log of a process: `supervisor`, `hub` or an environment."""
        return self.logs / f"{name}.log"

    @property
    def hub(self) -> Path:
        """Users, registry and Git repositories."""
        return self.folder / "hub"

    @property
    def hub_database(self) -> Path:
        """Users and sessions."""
        return self.hub / "hub.db"

    @property
    def registry(self) -> Path:
        """Content of the OCI registry."""
        return self.hub / "registry"

    @property
    def git(self) -> Path:
        """Git repositories."""
        return self.hub / "git"

    @property
    def signing_authorities(self) -> Path:
        """Keys and certificates of the hub's time stamp and certificate authorities."""
        return self.hub / "signing"

    @property
    def advisories(self) -> Path:
        """Vulnerability advisories, shared by all instances."""
        return self.folder / "advisories.db"

    @property
    def sessions(self) -> Path:
        """Sessions of `idp-cli login`, one file per user; 0600."""
        return self.folder / "sessions"

    def instance(self, environment: str) -> InstanceLayout:
        """The folder of one instance."""
        return InstanceLayout(self.folder / "instances" / environment)
