"""ConfigMaps and Secrets as containers see them: names, keys, bytes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, SECRET

Name = tuple[str, str]
"""`ConfigMap` or `Secret`, and the object's name."""

_ENV_KINDS = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
_ENV_FROM_KINDS = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
_TYPES = {"ConfigMap": CONFIG_MAP, "Secret": SECRET}


def decode(content: bytes) -> str:
    """Content as an environment variable.

    Raises:
        InvalidInput: It is not text.
    """
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InvalidInput("a value for an environment variable is not UTF-8 text") from None


@dataclass(frozen=True, slots=True)
class Sources:
    """The contents of the ConfigMaps and Secrets that a pod refers to; missing ones are absent."""

    objects: Mapping[Name, Mapping[str, bytes]] = field(default_factory=dict, repr=False)

    def data(self, kind: str, reference: Manifest) -> Mapping[str, bytes]:
        """All keys of an object; nothing when it is missing and optional.

        Raises:
            InvalidInput: It is missing.
        """
        name = reference.get("name") or reference.get("secretName") or ""
        found = self.objects.get((kind, name))
        if found is None and not reference.get("optional"):
            raise InvalidInput(f'{kind} "{name}" does not exist')
        return found or {}

    def referenced(self, env_from: Manifest) -> Mapping[str, bytes]:
        """All keys of an `envFrom` entry."""
        for field_name, kind in _ENV_FROM_KINDS.items():
            if reference := env_from.get(field_name):
                return self.data(kind, reference)
        return {}

    def key(self, value_from: Manifest) -> bytes | None:
        """One key of a `valueFrom`; None when it is missing and optional."""
        for field_name, kind in _ENV_KINDS.items():
            if reference := value_from.get(field_name):
                found = self.data(kind, reference).get(reference["key"])
                if found is None and not reference.get("optional"):
                    raise InvalidInput(
                        f'{kind} "{reference["name"]}" has no key "{reference["key"]}"'
                    )
                return found
        return None


def names(spec: Manifest) -> frozenset[Name]:
    """The ConfigMaps and Secrets that a pod refers to."""
    return frozenset((*_container_names(spec), *volume_names(spec)))


def volume_names(spec: Manifest) -> frozenset[Name]:
    """The ConfigMaps and Secrets that a pod's volumes show."""
    return frozenset(_volume_names(spec))


def _container_names(spec: Manifest) -> Iterator[Name]:
    for container in (*(spec.get("initContainers") or []), *(spec.get("containers") or [])):
        for source in container.get("envFrom") or []:
            for field_name, kind in _ENV_FROM_KINDS.items():
                if field_name in source:
                    yield kind, source[field_name]["name"]
        for variable in container.get("env") or []:
            for field_name, kind in _ENV_KINDS.items():
                if reference := (variable.get("valueFrom") or {}).get(field_name):
                    yield kind, reference["name"]


def _volume_names(spec: Manifest) -> Iterator[Name]:
    for volume in spec.get("volumes") or []:
        for source in (volume, *((volume.get("projected") or {}).get("sources") or [])):
            if reference := source.get("configMap"):
                yield "ConfigMap", reference["name"]
            if reference := source.get("secret"):
                yield "Secret", reference.get("secretName") or reference["name"]


async def read(client: Client, namespace: str, wanted: frozenset[Name]) -> Sources:
    """Read the objects from the API."""
    objects: dict[Name, dict[str, bytes]] = {}
    for kind, name in sorted(wanted):
        manifest = await get_or_none(client, _TYPES[kind], name, namespace)
        if manifest is not None:
            objects[(kind, name)] = _content(kind, manifest)
    return Sources(objects)


def _content(kind: str, manifest: Manifest) -> dict[str, bytes]:
    if kind == "Secret":
        plain = {k: v.encode() for k, v in (manifest.get("stringData") or {}).items()}
        return {k: _base64(v) for k, v in (manifest.get("data") or {}).items()} | plain
    text = {k: str(v).encode() for k, v in (manifest.get("data") or {}).items()}
    return text | {k: _base64(v) for k, v in (manifest.get("binaryData") or {}).items()}


def _base64(text: Any) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error:
        raise InvalidInput("a value of a Secret or ConfigMap is not base64") from None
