"""`idp.yaml`: what an application's repository says about itself. Pure.

The file holds the kinds of the platform as they are: a `WebApplication`, and an
`ApplicationConfiguration` when the application has one. It may be left out: the defaults run a
service that listens on `PORT`. What the platform decides (namespace, image) must not be in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest, Resource
from idp.kernel.strict_yaml import load_documents

FILE_NAME = "idp.yaml"
SIZE_LIMIT = 256 * 1024
_KINDS: dict[str, type[Resource[Any, Any]]] = {
    "WebApplication": WebApplication,
    "ApplicationConfiguration": ApplicationConfiguration,
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the file says.

    Attributes:
        application_spec: Spec of the WebApplication, without an image.
        configuration: Spec of the ApplicationConfiguration; None when there is none.
    """

    application_spec: Manifest
    configuration: Manifest | None


def read_declaration(content: bytes | None, application: str) -> Declaration:
    """Read the file; None stands for a repository without one.

    Raises:
        InvalidInput: Not YAML as it is accepted here, another kind, or for another application.
        Invalid: A field is unknown or of the wrong type; causes name each path.
        TooLarge: The file is over its limit.
    """
    if content is None:
        return Declaration({}, None)
    found: dict[str, Manifest] = {}
    for document in load_documents(content, name=FILE_NAME, limit=SIZE_LIMIT):
        kind = _kind(document)
        if kind in found:
            raise InvalidInput(f"{FILE_NAME} holds more than one {kind}")
        _KINDS[kind].parse(document)
        found[kind] = document
    return Declaration(
        _application_spec(found.get("WebApplication"), application),
        _configuration(found.get("ApplicationConfiguration"), found, application),
    )


def configuration_name(application: str, application_spec: Manifest) -> str:
    """Name of the ApplicationConfiguration that the application reads."""
    return str(application_spec.get("configuration") or f"{application}-config")


def _kind(document: object) -> str:
    if not isinstance(document, dict) or not isinstance(document.get("metadata", {}), dict):
        raise InvalidInput(f"{FILE_NAME} holds something that is not an object of the API")
    version, kind = document.get("apiVersion"), document.get("kind")
    if version != WebApplication.type().api_version or kind not in _KINDS:
        raise InvalidInput(
            f"{FILE_NAME} holds {version} {kind}; it takes {' and '.join(_KINDS)} of "
            f"{WebApplication.type().api_version}",
            remedy="Move other objects into the environment's repository.",
        )
    return str(kind)


def _application_spec(document: Manifest | None, application: str) -> Manifest:
    if document is None:
        return {}
    name = (document.get("metadata") or {}).get("name", application)
    if name != application:
        raise InvalidInput(
            f"{FILE_NAME} is of application {name}; the repository is {application}'s",
            remedy=f"Set metadata.name to {application}, or leave it out.",
        )
    spec: Manifest = dict(document.get("spec") or {})
    if spec.pop("image", None) is not None:
        raise InvalidInput(
            f"{FILE_NAME} sets spec.image; the platform sets it to what it built",
            remedy="Remove spec.image.",
        )
    return spec


def _configuration(
    document: Manifest | None, found: dict[str, Manifest], application: str
) -> Manifest | None:
    if document is None:
        return None
    spec = (found.get("WebApplication") or {}).get("spec") or {}
    expected = configuration_name(application, spec)
    name = (document.get("metadata") or {}).get("name", expected)
    if name != expected:
        raise InvalidInput(
            f"{FILE_NAME} has ApplicationConfiguration {name}; the application reads {expected}",
            remedy=f"Name it {expected}, or set spec.configuration of WebApplication to {name}.",
        )
    return dict(document.get("spec") or {})
