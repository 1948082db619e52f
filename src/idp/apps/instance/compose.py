"""Which parts an instance consists of, and in which order they come up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy

from idp.apps.capabilities import capabilities
from idp.apps.instance.control_planes.ports import ControlPlane
from idp.apps.instance.hub_changes import HubChanges
from idp.apps.instance.records import InstanceRecords
from idp.apps.instance.runnables import Parts
from idp.apps.platform.files import read_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.pins import PinnedFile
from idp.apps.platform.settings import PlatformSettings
from idp.capabilities.promotion.kinds import PipelineStep
from idp.capabilities.promotion.render.argo_application import environment_repository
from idp.embedded.gateway.engine import GatewayEngine
from idp.embedded.gitops.engine import GitOpsEngine
from idp.embedded.workflows.engine import WorkflowEngine
from idp.embedded.workloads.engine import WorkloadEngine
from idp.embedded.workloads.images.registry import RegistryImages
from idp.kernel.capability import Context, Remote, Signer
from idp.kernel.client import Client
from idp.kernel.controller import Runnable
from idp.kernel.step_controller import StepController
from idp.protocols.git.client import GitRepository
from idp.protocols.git.ports import Repository
from idp.protocols.oci.client import HttpRegistry


@dataclass(frozen=True)
class Machine:
    """What the composition of one instance needs to know.

    Attributes:
        layout: The data folder.
        settings: Ports.
        environment: Which instance.
        control_plane: Its API.
        database: Its history.
        signer: Its signing key.
    """

    layout: Layout
    settings: PlatformSettings
    environment: str
    control_plane: ControlPlane
    database: sqlalchemy.Engine
    signer: Signer

    @property
    def client(self) -> Client:
        """Its API with all rights."""
        return self.control_plane.client

    @property
    def folder(self) -> Path:
        """The instance's folder."""
        return self.layout.instance(self.environment).folder

    @property
    def hub(self) -> Remote:
        """The hub, with the instance's credential."""
        credential = read_json(self.layout.instance(self.environment).hub_credential)
        return Remote(self.settings.hub_url, credential["name"], credential["password"])


def build_parts(machine: Machine) -> Parts:
    """Build every engine and controller of an instance."""
    parts = Parts()
    changes = HubChanges(machine.hub, environment_repository(machine.environment))
    parts.add("changes", changes)
    for name, part in machine.control_plane.parts.items():
        parts.add(name, part)
    for name, engine in _engines(machine, changes).items():
        parts.add(name, engine)
    context = _context(machine, {"changes": changes, "components": parts.components})
    steps = [step for capability in capabilities() for step in capability.steps(context)]
    parts.add("steps", StepController(machine.client, PipelineStep.type(), steps))
    for capability in capabilities():
        for number, controller in enumerate(capability.controllers(context)):
            name = getattr(controller, "name", f"{capability.name}-{number}")
            parts.add(name, controller)
    return parts


def _context(machine: Machine, options: Mapping[str, object]) -> Context:
    layout = machine.layout.instance(machine.environment)
    ports = machine.settings.instances[machine.environment]
    endpoints = {
        "API": f"https://127.0.0.1:{ports.api}",
        "hub": machine.settings.hub_url,
        "gateway": f"http://127.0.0.1:{ports.gateway}",
    }
    return Context(
        environment=machine.environment,
        data=machine.folder / "capabilities",
        client=machine.client,
        database=machine.database,
        registry=machine.hub,
        git=machine.hub,
        gateway_port=ports.gateway,
        signer=machine.signer,
        trusted_keys=PinnedFile(layout.trusted_keys),
        options={
            "admission": "off" if machine.environment == _first(machine) else "enforce",
            "authorities": read_json(layout.authorities) or {},
            "advisories": str(machine.layout.advisories),
            "records": InstanceRecords(machine.database, endpoints),
            "notification-networks": [str(n) for n in machine.settings.notification_networks],
            **options,
        },
    )


def _first(machine: Machine) -> str:
    return next(iter(machine.settings.instances))


def _engines(machine: Machine, changes: HubChanges) -> Mapping[str, Runnable]:
    hub, folders = machine.hub, machine.layout.instance(machine.environment)
    folder = folders.folder
    registry = HttpRegistry(hub)

    def repository(url: str) -> Repository:
        return GitRepository(url, hub.username, hub.password, cache=folder / "gitops" / "cache")

    return {
        "workloads": WorkloadEngine(
            machine.client,
            data=folders.workloads,
            images=RegistryImages(lambda _host: registry, data=folder / "images"),
            settings=machine.control_plane.workloads,
        ),
        "gateway": GatewayEngine(
            machine.client,
            data=folders.gateway,
            port=machine.settings.instances[machine.environment].gateway,
            environment=machine.environment,
        ),
        "gitops": GitOpsEngine(
            machine.client, data=folder / "gitops", repositories=repository, changes=changes
        ),
        "workflows": WorkflowEngine(machine.client, data=folder / "workflows"),
    }
