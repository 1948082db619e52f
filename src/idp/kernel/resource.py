"""Resources: a kind as a pydantic model, and objects as plain manifests.

Two forms of one thing are used, each where it fits:

- a *manifest* (`dict[str, Any]`) is what travels over the API and what `render.py` produces;
- a `Resource[Spec, Status]` is a kind of ours, typed, made from a manifest by `parse` and turned
  back by `manifest()`.

`ResourceType` names a kind to the API: group, version, kind, plural, scope.

The models are loaded when the first of them is asked for: see `idp.kernel.models`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idp.kernel.models import (
        Condition,
        KindDefinition,
        Model,
        ObjectMeta,
        OwnerReference,
        PrinterColumn,
        Resource,
        Status,
    )

__all__ = [
    "PLATFORM_GROUP",
    "PLATFORM_VERSION",
    "Condition",
    "KindDefinition",
    "Manifest",
    "Model",
    "ObjectMeta",
    "OwnerReference",
    "PrinterColumn",
    "Resource",
    "ResourceType",
    "Status",
]

Manifest = dict[str, Any]

PLATFORM_GROUP = "platform.idp"
PLATFORM_VERSION = "v1alpha1"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind as the API names it.

    Attributes:
        group: API group; empty for the core group.
        version: Such as `v1`.
        kind: Such as `Deployment`.
        plural: Such as `deployments`.
        namespaced: Whether objects live in a namespace.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`group/version`, or `version` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def base_path(self) -> str:
        """Path of the group version: `/api/v1` or `/apis/apps/v1`."""
        prefix = f"/apis/{self.group}" if self.group else "/api"
        return f"{prefix}/{self.version}"

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Path of a collection, or of one object; `namespace` None lists all namespaces."""
        path = self.base_path
        if self.namespaced and namespace is not None:
            path += f"/namespaces/{namespace}"
        path += f"/{self.plural}"
        return f"{path}/{name}" if name is not None else path


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module("idp.kernel.models"), name)
    return value
