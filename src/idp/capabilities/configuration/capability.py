"""Builds the capability `configuration`."""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.capabilities.configuration.reconcile import ConfigurationReconciler
from idp.kernel.capability import Capability, Context
from idp.kernel.client import Client
from idp.kernel.controller import Controller, Runnable, Watch, owner_of
from idp.kernel.standard import CONFIG_MAP


def configuration_controller(client: Client, environment: str) -> Controller:
    """The controller of ApplicationConfigurations; a ConfigMap that is changed is put right."""
    return Controller(
        "configuration",
        client,
        ConfigurationReconciler(client, environment),
        [
            Watch(ApplicationConfiguration.type()),
            Watch(
                CONFIG_MAP,
                owner_of("ApplicationConfiguration"),
                label_selector="app.kubernetes.io/component=configuration",
            ),
        ],
    )


def controllers(context: Context) -> Sequence[Runnable]:
    """What runs inside an instance."""
    return [configuration_controller(context.client, context.environment)]


CAPABILITY = Capability(
    name="configuration", kinds=(ApplicationConfiguration,), controllers=controllers
)
