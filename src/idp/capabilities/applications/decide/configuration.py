"""Whether the configuration that an application mounts is delivered. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.applications.render import MountedConfiguration
from idp.capabilities.configuration.kinds import DIGEST_ANNOTATION
from idp.kernel import conditions
from idp.kernel.resource import Condition, Manifest


@dataclass(frozen=True, slots=True)
class ConfigurationState:
    """The condition, and what to mount while it is true."""

    condition: Condition
    mounted: MountedConfiguration | None = None


def configuration_name(application: WebApplication) -> str:
    """Name of the ApplicationConfiguration that the application uses, if there is one."""
    return application.spec.configuration or f"{application.name}-config"


def configuration(
    application: WebApplication, config: Manifest | None, config_map: Manifest | None
) -> ConfigurationState:
    """Decide from the ApplicationConfiguration and its ConfigMap.

    A stale ConfigMap is waited for, so that a change of values starts new replicas once and not
    twice.
    """
    name = configuration_name(application)
    if config is None:
        if application.spec.configuration is None:
            message = f"There is no ApplicationConfiguration {name}; none is mounted."
            return ConfigurationState(
                conditions.true("ConfigurationReady", "NoConfiguration", message)
            )
        return _unready(
            "NotFound",
            f"spec.configuration names ApplicationConfiguration {name}, which does not exist.",
            f"Create ApplicationConfiguration {name}, or remove spec.configuration.",
        )
    status = config.get("status") or {}
    current = status.get("observedGeneration") == config["metadata"].get("generation")
    ready = conditions.condition_of(config, "Ready")
    if current and ready is not None and ready.get("status") != "True":
        return _unready(
            ready.get("reason") or "NotReady",
            f"ApplicationConfiguration {name}: {ready.get('message') or 'not ready'}",
            ready.get("remedy") or f"idp-cli describe applicationconfiguration {name}",
        )
    digest = status.get("digest") or ""
    if not current or ready is None or config_map is None or _digest(config_map) != digest:
        return _unready(
            "Delivering", f"ApplicationConfiguration {name} is being delivered; wait.", ""
        )
    return ConfigurationState(
        conditions.true("ConfigurationReady", "Delivered", f"ConfigMap {name} is mounted."),
        MountedConfiguration(config_map["metadata"]["name"], digest),
    )


def _digest(config_map: Manifest) -> str:
    annotations = config_map["metadata"].get("annotations") or {}
    return str(annotations.get(DIGEST_ANNOTATION, ""))


def _unready(reason: str, message: str, remedy: str) -> ConfigurationState:
    return ConfigurationState(
        conditions.false("ConfigurationReady", reason, message, remedy=remedy)
    )
