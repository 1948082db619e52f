"""Writes into each aggregating ClusterRole the rules that it aggregates, for people to read.

Nothing is decided by what is written: the authorizer follows the labels itself, so a right counts,
or ends, with the commit of the role that carries it.
"""

from __future__ import annotations

from idp.embedded.apiserver.access.rbac import RBAC_GROUP, RbacAuthorizer
from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.machinery.worker import Worker
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Key
from idp.kernel.resource import Manifest

ROLES = f"{RBAC_GROUP}/clusterroles"


class Aggregation:
    """Keeps the rules of aggregating ClusterRoles."""

    def __init__(self, system: System, authorizer: RbacAuthorizer) -> None:
        self._system = system
        self._authorizer = authorizer
        self.worker = Worker("aggregation", self._look)

    def begin(self) -> None:
        """Look at every role that aggregates."""
        for record in self._system.store.scan(ROLES):
            if b'"aggregationRule"' in record.raw:
                self.worker.add(record.key)

    def noticed(self, change: Change) -> None:
        """Look at what may aggregate the role that changed, which is any."""
        if change.record.key.resource == ROLES:
            self.begin()

    async def _look(self, key: Key) -> None:
        record = self._system.store.get(key)
        if record is None or not record.shared().get("aggregationRule"):
            return
        found = self._authorizer.role_rules("ClusterRole", key.name, "")
        rules = [rule.manifest() for rule in found]
        if (record.shared().get("rules") or []) != rules:
            await self._system.change(key, lambda role: _with(role, rules))


def _with(role: Manifest, rules: list[Manifest]) -> Manifest:
    role["rules"] = rules
    return role
