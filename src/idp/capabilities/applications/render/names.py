"""Names, labels and defaults that all rendered objects share. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from idp.capabilities.applications.kinds import RELEASE_LABEL, WebApplication

NAME_LABEL = "app.kubernetes.io/name"
PART_OF_LABEL = "app.kubernetes.io/part-of"
VERSION_LABEL = "app.kubernetes.io/version"

CONTAINER = "app"
PORT_NAME = "http"
CONFIGURATION_FOLDER = "/etc/idp"

_REDUNDANT_ENVIRONMENTS = frozenset({"uat", "production"})


@dataclass(frozen=True, slots=True)
class MountedConfiguration:
    """A ConfigMap with the key `configuration.yaml`.

    Attributes:
        config_map: Its name.
        digest: Digest of its values; a new one starts new replicas.
    """

    config_map: str
    digest: str


def default_replicas(environment: str) -> int:
    """Two where a lost replica would be noticed, one elsewhere."""
    return 2 if environment in _REDUNDANT_ENVIRONMENTS else 1


def hosts(application: WebApplication, environment: str) -> list[str]:
    """Host names that the application asks for, its own first, each once."""
    own = f"{application.name}.{environment}.localhost"
    return list(dict.fromkeys([own, *application.spec.hosts]))


def release(application: WebApplication) -> str:
    """The release that the application was promoted with; empty outside of a promotion."""
    return application.metadata.labels.get(RELEASE_LABEL, "")


def selector(application: WebApplication) -> dict[str, str]:
    """Labels that select the replicas. They never change: a Deployment's selector is immutable."""
    return {NAME_LABEL: application.name}


def labels(application: WebApplication) -> dict[str, str]:
    """Labels of every rendered object, besides the one that says who manages it."""
    part_of = application.metadata.labels.get(PART_OF_LABEL, application.namespace)
    return {
        NAME_LABEL: application.name,
        PART_OF_LABEL: part_of,
        VERSION_LABEL: release(application) or _short_digest(application.spec.image),
    }


def _short_digest(image: str | None) -> str:
    return image.rpartition(":")[2][:12] if image else "none"
