"""What an instance needs of its control plane, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from idp.apps.platform.control_plane import ControlPlaneSettings
from idp.apps.platform.layout import InstanceLayout, Layout
from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer
from idp.embedded.workloads.settings import WorkloadSettings
from idp.kernel.audit import AuditLog
from idp.kernel.client import Client
from idp.kernel.controller import Runnable

CONTROLLER_USER = "system:idp-controllers"
ADMINISTRATOR = "system:masters"


@dataclass(frozen=True)
class Place:
    """Of which instance the control plane is.

    Attributes:
        layout: The data folder.
        environment: Which instance.
        port: Where the API listens, if it is started here.
        settings: Which control plane was chosen.
        audit: The instance's chain.
        oidc: An outside issuer of tokens for the API; None for none.
    """

    layout: Layout
    environment: str
    port: int
    settings: ControlPlaneSettings
    audit: AuditLog
    oidc: OidcIssuer | None = None

    @property
    def folders(self) -> InstanceLayout:
        """The instance's folder."""
        return self.layout.instance(self.environment)

    @property
    def pod_folder(self) -> Path:
        """Where the workload engine keeps the logs of pods."""
        return self.folders.workloads


class ControlPlane(Protocol):
    """An API that answers."""

    @property
    def client(self) -> Client:
        """With all rights."""
        ...

    @property
    def parts(self) -> Mapping[str, Runnable]:
        """What runs beside it for as long as the instance does, by name."""
        ...

    @property
    def workloads(self) -> WorkloadSettings:
        """What the workload engine must know about the API."""
        ...

    async def publish(self) -> None:
        """Write the kubeconfigs of the administrator and of the hub; kinds and roles are there."""
        ...


class Open(Protocol):
    """Brings a control plane up; leaving the context stops it."""

    def __call__(self, place: Place) -> AbstractAsyncContextManager[ControlPlane]:
        """Open it.

        Raises:
            IdpError: It cannot be used; the remedy says what to do.
        """
        ...
