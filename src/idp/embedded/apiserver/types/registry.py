"""All kinds that are served now, by the names that requests use."""

from __future__ import annotations

from collections.abc import Iterable

from idp.embedded.apiserver.schema.node import Definitions, Node
from idp.embedded.apiserver.types.builtin import (
    OBJECT_META,
    builtin_types,
    published_schemas,
    undescribed,
)
from idp.embedded.apiserver.types.served import ServedType
from idp.kernel.errors import NotFound

PREFERRED = (
    "",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
)
"""Order in which discovery names the groups; custom groups follow by name."""


class Registry:
    """Served kinds. Changes with CustomResourceDefinitions; `generation` counts the changes."""

    def __init__(self) -> None:
        self._definitions = Definitions(undescribed(published_schemas()))
        self._builtin = {
            (t.type.group, t.type.version, t.type.plural): t
            for t in builtin_types(self._definitions)
        }
        self._custom: dict[str, list[ServedType]] = {}
        self._all = dict(self._builtin)
        self.generation = 1

    @property
    def object_meta(self) -> Node:
        """Schema of `metadata`."""
        return self._definitions.node(OBJECT_META)

    def definition(self, name: str) -> Node:
        """A built-in schema by its published name."""
        return self._definitions.node(name)

    def find(self, group: str, version: str, plural: str) -> ServedType | None:
        """The kind that a path names."""
        return self._all.get((group, version, plural))

    def require(self, group: str, version: str, plural: str) -> ServedType:
        """The kind that a path names.

        Raises:
            NotFound: It is not served.
        """
        found = self.find(group, version, plural)
        if found is None:
            raise NotFound("the server could not find the requested resource")
        return found

    def by_kind(self, api_version: str, kind: str) -> ServedType | None:
        """The kind that a manifest names."""
        group, _, version = api_version.rpartition("/")
        for served in self._all.values():
            type_ = served.type
            if (type_.group, type_.version, type_.kind) == (group, version, kind):
                return served
        return None

    def of_resource(self, resource: str) -> ServedType | None:
        """Some served version of what the store keeps under a resource."""
        for served in self._all.values():
            if served.resource == resource:
                return served
        return None

    def all(self) -> list[ServedType]:
        """Everything, in the order of discovery."""
        order = {group: position for position, group in enumerate(PREFERRED)}
        return sorted(
            self._all.values(),
            key=lambda t: (order.get(t.type.group, len(order)), t.type.group, t.type.plural),
        )

    def resources(self) -> list[ServedType]:
        """One served version of each resource."""
        return list({served.resource: served for served in self.all()}.values())

    def set_custom(self, definition: str, types: Iterable[ServedType]) -> None:
        """Serve the versions of a CustomResourceDefinition; none withdraws it."""
        versions = list(types)
        if versions:
            self._custom[definition] = versions
        else:
            self._custom.pop(definition, None)
        self._all = dict(self._builtin)
        for custom in self._custom.values():
            for served in custom:
                self._all[served.type.group, served.type.version, served.type.plural] = served
        self.generation += 1

    def is_builtin_group(self, group: str) -> bool:
        """Whether a group belongs to Kubernetes itself."""
        return any(known == group for known, _, _ in self._builtin)
