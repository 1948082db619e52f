"""What the API server takes from other parts, as structural protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from idp.embedded.apiserver.access.identity import UserInfo
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest, ResourceType


class PodLogSource(Protocol):
    """Where the output of pods is read; the workload engine has it."""

    def read(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        timestamps: bool = False,
    ) -> AsyncIterator[bytes]:
        """The log of one container in chunks.

        Raises:
            NotFound: Nothing is known of the pod or the container.
        """
        ...


class AuditSink(Protocol):
    """Where mutating requests are recorded; `kernel.audit.AuditLog` is one. Called in a thread."""

    def append(
        self, actor: str, action: str, target: str, facts: dict[str, Any] | None = None
    ) -> object:
        """Record one request durably."""
        ...


class AdmissionPolicies(Protocol):
    """Judges a write before it is stored."""

    def validate(
        self,
        *,
        operation: str,
        type: ResourceType,
        subresource: str,
        user: UserInfo,
        new: Manifest | None,
        old: Manifest | None,
        dry_run: bool,
    ) -> Sequence[str]:
        """Warnings for the client.

        Args:
            operation: `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
            new: The object as it would be stored; None for a deletion.
            old: The object as it is; None for a creation.

        Raises:
            Forbidden: A policy refuses it.
            Invalid: A policy refuses it.
        """
        ...


class SchemaRules(Protocol):
    """The CEL rules (`x-kubernetes-validations`) of one schema."""

    def validate(self, new: Manifest, old: Manifest | None) -> list[Cause]:
        """What is wrong with an object."""
        ...
