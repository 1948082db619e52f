"""A kind as one group and version serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from idp.embedded.apiserver.schema.default import Defaulter
from idp.embedded.apiserver.schema.node import Node
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest, ResourceType

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class Validates(Protocol):
    """Judges whole objects of one kind."""

    def validate(self, new: Manifest, old: Manifest | None) -> list[Cause]:
        """What is wrong with `new`, replacing `old`."""
        ...


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where a kind keeps what the `scale` subresource shows, as paths of field names."""

    spec_replicas: tuple[str, ...] = ("spec", "replicas")
    status_replicas: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `path` is a JSONPath within the object."""

    name: str
    path: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


@dataclass(frozen=True)
class ServedType:
    """A kind in one version.

    Schemas compile when they are first needed: a server starts with dozens of kinds and uses few.

    Attributes:
        type: Its names to the API.
        resource: Under which the store keeps it, the same for all versions: `group/plural`.
        storage: API version that stored objects carry.
        compile: Makes its schema.
        compile_stored: Makes the schema of the stored version of a custom kind: what it does not
            know is not stored.
        builtin: Part of Kubernetes itself, not defined by a CustomResourceDefinition.
        status: Has a `status` subresource: the main resource ignores `status`.
        scale: Where its replicas are; None when it cannot be scaled.
        subresources: Other subresources, such as `log`.
        counts_generation: `metadata.generation` counts changes of the desired state.
        schema: The structural schema, of a custom kind.
        definition: Name of the published schema, of a built-in kind.
        warnings: Told to everyone who uses this version (it is deprecated).
        selectable: Fields besides name and namespace that field selectors may name; None allows
            all (of built-in kinds).
    """

    type: ResourceType
    singular: str
    list_kind: str
    compile: Callable[[], Node]
    resource: str
    storage: str
    builtin: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = VERBS
    status: bool = False
    scale: ScalePaths | None = None
    subresources: tuple[str, ...] = ()
    counts_generation: bool = False
    columns: tuple[Column, ...] = ()
    validators: tuple[Validates, ...] = ()
    schema: Mapping[str, Any] | None = None
    definition: str = ""
    warnings: tuple[str, ...] = ()
    compile_stored: Callable[[], Node] | None = None
    selectable: frozenset[str] | None = None

    @cached_property
    def stored_node(self) -> Node | None:
        """The schema of the stored version, where it is another than this one."""
        if self.compile_stored is None or self.storage == self.type.api_version:
            return None
        return self.compile_stored()

    @cached_property
    def node(self) -> Node:
        """Its schema."""
        return self.compile()

    @cached_property
    def defaulter(self) -> Defaulter:
        """Sets its defaults."""
        return Defaulter(self.node)

    @property
    def qualified(self) -> str:
        """`plural.group`, as messages name it; the plural alone in the core group."""
        return f"{self.type.plural}.{self.type.group}" if self.type.group else self.type.plural

    @property
    def qualified_kind(self) -> str:
        """`Kind.group`, as messages name it."""
        return f"{self.type.kind}.{self.type.group}" if self.type.group else self.type.kind
