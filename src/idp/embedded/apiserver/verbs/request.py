"""One request, understood: who wants what of which kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.storage.record import Key
from idp.embedded.apiserver.types.served import ServedType
from idp.kernel.errors import NotFound

FieldValidation = Literal["Ignore", "Warn", "Strict"]

_MOST_WARNINGS = 100


@dataclass(slots=True)
class Request:
    """What a client asks of a kind.

    Attributes:
        user: Who asks.
        served: The kind in the version asked for.
        namespace: Empty for cluster-scoped kinds and for all namespaces.
        name: Empty for collections.
        subresource: Such as `status`; empty for the object itself.
        manager: Name under which changed fields are owned.
        dry_run: Do everything but store it.
        field_validation: What happens to unknown fields: dropped, warned of, refused.
        declared: An apply may state only fields that the schema declares, as over HTTP; the engines
            in this process get others dropped.
        force: An apply takes fields from their other owners.
        address: Where the request comes from; empty inside the process.
        warnings: Collected for the client.
        annotations: Collected for the audit record.
        recorded: There is an audit record of it.
    """

    user: UserInfo
    served: ServedType
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    manager: str = "unknown"
    dry_run: bool = False
    field_validation: FieldValidation = "Warn"
    declared: bool = False
    force: bool = False
    address: str = ""
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    recorded: bool = False

    @property
    def key(self) -> Key:
        """Where the store keeps the object asked for."""
        return Key(self.served.resource, self.namespace, self.name)

    def warn(self, text: str) -> None:
        """Tell the client something that does not stop the request."""
        if len(self.warnings) < _MOST_WARNINGS and text not in self.warnings:
            self.warnings.append(text)

    def not_found(self) -> NotFound:
        """The error for an object that does not exist."""
        return NotFound(
            f'{self.served.qualified} "{self.name}" not found', details=self.details(self.name)
        )

    def details(self, name: str) -> dict[str, str]:
        """What `Status.details` says of the object."""
        type_ = self.served.type
        details = {"name": name, "group": type_.group, "kind": type_.plural}
        return {key: value for key, value in details.items() if value}
