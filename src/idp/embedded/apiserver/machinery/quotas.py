"""Writes what counts against each quota into its status, for people to read.

Nothing is decided by the status: the ledger decides, and knows before the status does.
"""

from __future__ import annotations

from idp.embedded.apiserver.admission.amounts import ZERO
from idp.embedded.apiserver.admission.quota.ledger import QUOTAS, QuotaLedger
from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.machinery.worker import Worker
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Key
from idp.kernel.resource import Manifest


class Quotas:
    """Keeps the ledger up to date, and the status of quotas by it."""

    def __init__(self, system: System, ledger: QuotaLedger) -> None:
        self._system = system
        self._ledger = ledger
        self.worker = Worker("quotas", self._look)

    def begin(self) -> None:
        """Count, and look at every quota."""
        self._ledger.begin()
        for record in self._system.store.scan(QUOTAS):
            self.worker.add(record.key)

    def noticed(self, change: Change) -> None:
        """Follow a change, and look at the quotas that it concerns."""
        for key in self._ledger.noticed(change):
            self.worker.add(key)

    async def _look(self, key: Key) -> None:
        account = self._ledger.account(key)
        record = self._system.store.get(key)
        if account is None or record is None:
            return
        status = {
            "hard": account.spec.get("hard") or {},
            "used": {name: str(account.used.get(name, ZERO)) for name in account.hard},
        }
        if record.shared().get("status") != status:
            await self._system.change(key, lambda quota: _with(quota, status), "status")


def _with(quota: Manifest, status: Manifest) -> Manifest:
    quota["status"] = status
    return quota
