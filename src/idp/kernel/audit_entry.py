"""What is told to the audit chain; apart from `audit`, so that telling does not load SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AuditEntry:
    """What a record tells, before it is linked.

    Attributes:
        actor: The user who acted.
        action: Verb and resource, such as `create approvals.platform.idp`.
        target: `namespace/name` of the object.
        facts: Further facts; never secrets.
    """

    actor: str
    action: str
    target: str
    facts: dict[str, Any] = field(default_factory=dict)
