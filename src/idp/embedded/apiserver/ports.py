"""What the API server takes from other parts, as structural protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from idp.kernel.audit_entry import AuditEntry
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest


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

    def append_all(self, entries: Sequence[AuditEntry]) -> object:
        """Record requests durably, in order; all of them or none."""
        ...


class SchemaRules(Protocol):
    """The CEL rules (`x-kubernetes-validations`) of one schema."""

    def validate(self, new: Manifest, old: Manifest | None) -> list[Cause]:
        """What is wrong with an object."""
        ...
