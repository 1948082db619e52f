"""`WebApplication` -> the standard objects that run it and make it reachable. Pure.

All rendered objects bear the application's name, so what is live is found by name alone. The
output depends on nothing but the arguments: the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.applications.render import network, workload
from idp.capabilities.applications.render.names import MountedConfiguration, default_replicas, hosts
from idp.kernel.manifest import in_order
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import (
    DEPLOYMENT,
    NETWORK_POLICY,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    SERVICE_ACCOUNT,
    VIRTUAL_SERVICE,
)

__all__ = [
    "RENDERED_TYPES",
    "MountedConfiguration",
    "default_replicas",
    "hosts",
    "render",
]

RENDERED_TYPES: tuple[ResourceType, ...] = (
    SERVICE_ACCOUNT,
    NETWORK_POLICY,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    DEPLOYMENT,
    VIRTUAL_SERVICE,
)
"""Every kind that `render` may produce; one that it leaves out is to be deleted."""


def render(
    application: WebApplication,
    *,
    environment: str,
    hosts: Sequence[str],
    configuration: MountedConfiguration | None = None,
) -> list[Manifest]:
    """Render the objects of an application, in the order in which they are to be applied.

    Args:
        application: What is wanted. Without an image there is nothing to run: no objects.
        environment: Name of the instance's environment.
        hosts: Host names that the application may claim; with none it gets no route.
        configuration: The configuration file that every replica mounts; None mounts none.

    Returns:
        At most one object of each of `RENDERED_TYPES`, without owner references.
    """
    image = application.spec.image
    if image is None:
        return []
    replicas = application.spec.replicas
    if replicas is None:
        replicas = default_replicas(environment)
    objects = [
        workload.service_account(application),
        workload.deployment(
            application,
            image,
            replicas=replicas,
            environment=environment,
            configuration=configuration,
        ),
        network.service(application),
        network.network_policy(application),
    ]
    if replicas > 1:
        objects.append(workload.pod_disruption_budget(application))
    if hosts:
        objects.append(network.virtual_service(application, hosts))
    return in_order(objects)
