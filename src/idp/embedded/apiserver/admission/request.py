"""What admission is asked about: one write, with the object before and after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Self

from idp.embedded.apiserver.access.identity import UserInfo
from idp.kernel.resource import Manifest, ResourceType

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """One write.

    Attributes:
        operation: What is done.
        user: Who does it.
        group: API group of the resource; empty for the core group.
        version: API version that the request speaks.
        resource: Plural.
        subresource: Such as `status`; empty for the object itself.
        namespace: Empty for a cluster-scoped kind.
        name: Empty while a name is to be generated.
        object: The object as it would be stored; None for a deletion.
        old_object: The object as it is; None for a creation.
        dry_run: Whether nothing will be stored.
        options: The request's options, such as `CreateOptions`.
        annotations: Filled by policies, for the audit record of the request.
    """

    operation: Operation
    user: UserInfo
    group: str
    version: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    object: Manifest | None = None
    old_object: Manifest | None = None
    dry_run: bool = False
    options: Manifest | None = None
    annotations: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        operation: Operation,
        type: ResourceType,
        user: UserInfo,
        *,
        new: Manifest | None,
        old: Manifest | None,
        subresource: str = "",
        dry_run: bool = False,
        options: Manifest | None = None,
    ) -> Self:
        """The request to write an object of a kind; namespace and name are the object's."""
        meta = (new or old or {}).get("metadata") or {}
        return cls(
            operation=operation,
            user=user,
            group=type.group,
            version=type.version,
            resource=type.plural,
            subresource=subresource,
            namespace=meta.get("namespace", ""),
            name=meta.get("name", ""),
            object=new,
            old_object=old,
            dry_run=dry_run,
            options=options,
        )

    @property
    def kind(self) -> str:
        """The kind of the object."""
        kind: str = (self.object or self.old_object or {}).get("kind", "")
        return kind

    @property
    def shown_name(self) -> str:
        """The name as messages show it, before one is generated."""
        meta = (self.object or {}).get("metadata") or {}
        return self.name or meta.get("name") or meta.get("generateName") or "Unknown"

    def variable(self) -> dict[str, Any]:
        """The CEL variable `request`; fields that are not set are left out."""
        kind = {"group": self.group, "version": self.version, "kind": self.kind}
        resource = {"group": self.group, "version": self.version, "resource": self.resource}
        optional: dict[str, Any] = {
            "namespace": self.namespace,
            "subResource": self.subresource,
            "requestSubResource": self.subresource,
            "options": self.options,
        }
        return {
            "operation": self.operation,
            "kind": kind,
            "requestKind": kind,
            "resource": resource,
            "requestResource": resource,
            "name": self.name,
            "userInfo": self.user.manifest(),
            "dryRun": self.dry_run,
            **{name: value for name, value in optional.items() if value},
        }
