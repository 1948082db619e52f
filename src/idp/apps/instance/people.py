"""The audit names the person, not the hub that passed on what the person did.

An API server records who really asked: for `kubectl --as` that is right. The hub does nothing in
its own name, so of its requests the person counts, and `through` says which way they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from idp.apps.instance.groups import HUB
from idp.kernel.audit import AuditLog
from idp.kernel.audit_entry import AuditEntry


class PeopleLog:
    """Where the API server records; writes to the chain.

    Args:
        log: The chain.
    """

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def append_all(self, entries: Sequence[AuditEntry]) -> object:
        """Record; durable when this returns."""
        return self._log.append_all([by_person(entry) for entry in entries])

    def latest_ids(self, count: int) -> set[str]:
        """Audit ids of the newest records, where the API server gives such."""
        return {str(r.facts["auditId"]) for r in self._log.tail(count) if "auditId" in r.facts}


def by_person(entry: AuditEntry) -> AuditEntry:
    """An entry in the name of whom the hub acted for. Pure."""
    person = entry.facts.get("as")
    if entry.actor != HUB or not person:
        return entry
    facts = {name: value for name, value in entry.facts.items() if name != "as"}
    return replace(entry, actor=str(person), facts={**facts, "through": HUB})
