"""`ApplicationConfiguration` -> the ConfigMap of one environment. Pure."""

from __future__ import annotations

from typing import Any

import yaml

from idp.capabilities.configuration.kinds import (
    CONFIGURATION_KEY,
    DIGEST_ANNOTATION,
    ApplicationConfiguration,
)
from idp.kernel.manifest import digest, render
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP

_LABELS = {"app.kubernetes.io/component": "configuration"}


def merge(defaults: Any, own: Any) -> Any:
    """Lay `own` over `defaults`: mappings key by key, anything else (null too) replaces."""
    if not (isinstance(defaults, dict) and isinstance(own, dict)):
        return own
    merged = dict(defaults)
    for key, value in own.items():
        merged[key] = merge(defaults[key], value) if key in defaults else value
    return merged


def values(configuration: ApplicationConfiguration, environment: str) -> dict[str, Any]:
    """The values of an environment: its own over the defaults."""
    spec = configuration.spec
    merged: dict[str, Any] = merge(spec.defaults, spec.environments.get(environment, {}))
    return merged


def config_map(configuration: ApplicationConfiguration, environment: str) -> Manifest:
    """The ConfigMap of the configuration's name, without owner references.

    Its text depends on the values alone: keys are sorted, so that equal values in another order
    start no new replicas.
    """
    delivered = values(configuration, environment)
    # ASCII only: unescaped, U+0085 and its like would read back as other characters.
    text = yaml.safe_dump(delivered, sort_keys=True, allow_unicode=False, default_flow_style=False)
    return render(
        CONFIG_MAP,
        configuration.name,
        configuration.namespace,
        labels={**_LABELS, "platform.idp/environment": environment},
        annotations={DIGEST_ANNOTATION: digest(delivered)},
        data={CONFIGURATION_KEY: text},
    )
