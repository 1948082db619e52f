"""`ApplicationConfiguration`: one file of values for all environments of an application."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status

CONFIGURATION_KEY = "configuration.yaml"
"""Key of the ConfigMap under which the values are, and so the file's name in a replica."""

DIGEST_ANNOTATION = "platform.idp/configuration-digest"
"""Annotation of the ConfigMap, and of pods that mount it: digest of the delivered values."""


class ApplicationConfigurationSpec(Model):
    """Values by environment.

    Attributes:
        defaults: Values for every environment; the environment's own values win.
        environments: Environment name -> values, nested as the application likes. Mappings are
            merged into the defaults key by key; anything else, lists included, replaces them.
    """

    defaults: dict[str, Any] = Field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = Field(default_factory=dict, max_length=64)


class ApplicationConfigurationStatus(Status):
    """What is delivered.

    Attributes:
        environment: The environment whose values this instance delivers.
        config_map: ConfigMap that holds them.
        digest: SHA-256 of the delivered values.
    """

    environment: str = ""
    config_map: str = ""
    digest: str = ""


class ApplicationConfiguration(
    Resource[ApplicationConfigurationSpec, ApplicationConfigurationStatus]
):
    """Values of an application per environment; each instance delivers only its own."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="applicationconfigurations",
        short_names=("appconfig",),
        columns=(
            PrinterColumn(name="Ready", path='.status.conditions[?(@.type=="Ready")].status'),
            PrinterColumn(name="Environment", path=".status.environment"),
            PrinterColumn(name="ConfigMap", path=".status.configMap"),
        ),
    )
