"""Whether the values of an environment can be delivered. Pure."""

from __future__ import annotations

from idp.capabilities.configuration.kinds import CONFIGURATION_KEY, ApplicationConfiguration
from idp.kernel import conditions
from idp.kernel.resource import Condition, Manifest

MAX_BYTES = 1024 * 1024
"""What a ConfigMap may hold (https://kubernetes.io/docs/concepts/configuration/configmap/)."""


def deliverable(
    configuration: ApplicationConfiguration,
    environment: str,
    rendered: Manifest,
    live: Manifest | None,
) -> Condition:
    """The condition `Ready`; while it is false, the values delivered before stay.

    An environment without values of its own gets the defaults. With no defaults either it gets
    nothing: an application that starts on an empty file would fail later and less clearly.

    Args:
        configuration: What is wanted.
        environment: Name of the instance's environment.
        rendered: The ConfigMap to deliver.
        live: The ConfigMap of this name that exists, whoever made it.
    """
    name = configuration.name
    if live is not None and not _owned(configuration.metadata.uid, live):
        return _not_ready(
            "NameTaken",
            f"ConfigMap {name} exists and does not belong to this configuration.",
            f"Delete ConfigMap {name}, or give the configuration another name.",
        )
    known = environment in configuration.spec.environments
    if not known and not configuration.spec.defaults:
        others = ", ".join(sorted(configuration.spec.environments)) or "none"
        return _not_ready(
            "UnknownEnvironment",
            f"There are no values for {environment}; there are values for: {others}.",
            f"Add spec.environments.{environment} ({{}} if it needs none), or spec.defaults.",
        )
    size = len(rendered["data"][CONFIGURATION_KEY].encode())
    if size > MAX_BYTES:
        return _not_ready(
            "TooLarge",
            f"The values of {environment} take {size} bytes; a ConfigMap holds {MAX_BYTES}.",
            "Move large values into a file of the application.",
        )
    if not known:
        message = f"ConfigMap {name} holds the defaults; {environment} has no values of its own."
        return conditions.true("Ready", "DefaultsDelivered", message)
    return conditions.true("Ready", "Delivered", f"ConfigMap {name} holds the values.")


def _owned(uid: str, manifest: Manifest) -> bool:
    owners = manifest["metadata"].get("ownerReferences") or []
    return any(owner["uid"] == uid for owner in owners)


def _not_ready(reason: str, message: str, remedy: str) -> Condition:
    return conditions.false("Ready", reason, message, remedy=remedy)
