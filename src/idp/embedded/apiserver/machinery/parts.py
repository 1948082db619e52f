"""All that the server does on its own, started and stopped together."""

from __future__ import annotations

from typing import Protocol

from idp.embedded.apiserver.access.certificates import CertificateAuthority
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.admission.quota.ledger import QuotaLedger
from idp.embedded.apiserver.machinery.aggregation import Aggregation
from idp.embedded.apiserver.machinery.definitions import DefinitionCleaner
from idp.embedded.apiserver.machinery.expiry import EventExpiry
from idp.embedded.apiserver.machinery.garbage import GarbageCollector
from idp.embedded.apiserver.machinery.namespaces import Namespaces
from idp.embedded.apiserver.machinery.quotas import Quotas
from idp.embedded.apiserver.machinery.signing import Signer
from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.machinery.worker import Worker
from idp.embedded.apiserver.storage.history import Change
from idp.kernel.clock import Clock


class Part(Protocol):
    """Follows every change and acts on the server's own objects."""

    worker: Worker

    def begin(self) -> None:
        """Look at everything once."""
        ...

    def noticed(self, change: Change) -> None:
        """Look at what a committed change concerns."""
        ...


class Machinery:
    """The parts of a server."""

    def __init__(
        self,
        system: System,
        ledger: QuotaLedger,
        authorizer: RbacAuthorizer,
        authority: CertificateAuthority,
        clock: Clock,
    ) -> None:
        self.parts: tuple[Part, ...] = (
            GarbageCollector(system),
            Namespaces(system, authority.certificate, clock),
            DefinitionCleaner(system),
            Quotas(system, ledger),
            Signer(system, authority, clock),
            Aggregation(system, authorizer),
        )
        self.expiry = EventExpiry(system, clock)

    def start(self) -> None:
        """Look at what is stored, and start working."""
        for part in self.parts:
            part.begin()
            part.worker.start()
        self.expiry.start()

    async def stop(self) -> None:
        """Stop; what is left to do is found again at the next start."""
        await self.expiry.stop()
        for part in self.parts:
            await part.worker.stop()

    def noticed(self, change: Change) -> None:
        """Follow a committed change."""
        for part in self.parts:
            part.noticed(change)
