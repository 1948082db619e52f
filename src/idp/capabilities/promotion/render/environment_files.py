"""The files that say, in the environment's repository, what runs. Pure."""

from __future__ import annotations

import yaml

from idp.capabilities.applications.kinds import RELEASE_LABEL, WebApplication
from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.capabilities.promotion.declaration import configuration_name
from idp.capabilities.promotion.kinds import ReleaseSpec
from idp.kernel.manifest import MANAGED_BY
from idp.kernel.resource import Manifest, ResourceType

PROMOTION_ANNOTATION = "platform.idp/promotion"
DIGEST_ANNOTATION = "platform.idp/release-digest"
APPLICATION_FILE = "webapplication.yaml"
CONFIGURATION_FILE = "applicationconfiguration.yaml"


def directory(namespace: str, application: str) -> str:
    """Where an application's files are."""
    return f"{namespace}/{application}"


def environment_files(
    release: ReleaseSpec, namespace: str, promotion: str
) -> dict[str, bytes | None]:
    """Files by name within the directory; None for one that must not be there."""
    application = WebApplication.type()
    spec = {**release.application_spec, "image": release.image}
    manifest = _object(application, release.application, namespace, spec)
    manifest["metadata"]["labels"][RELEASE_LABEL] = release.version
    manifest["metadata"]["annotations"] = {
        PROMOTION_ANNOTATION: promotion,
        DIGEST_ANNOTATION: release.digest,
    }
    files: dict[str, bytes | None] = {APPLICATION_FILE: _yaml(manifest), CONFIGURATION_FILE: None}
    if release.configuration is not None:
        name = configuration_name(release.application, release.application_spec)
        files[CONFIGURATION_FILE] = _yaml(
            _object(ApplicationConfiguration.type(), name, namespace, release.configuration)
        )
    return files


def _object(type: ResourceType, name: str, namespace: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": type.api_version,
        "kind": type.kind,
        "metadata": {"name": name, "namespace": namespace, "labels": dict(MANAGED_BY)},
        "spec": spec,
    }


def _yaml(manifest: Manifest) -> bytes:
    return yaml.safe_dump(manifest, sort_keys=True, allow_unicode=True, width=100).encode()
