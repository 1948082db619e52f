"""The audit of an instance, for who may read it there (`get` on
`records.audit.platform.idp`, see `idp.capabilities.promotion.render.roles`).

The records are read where the instance keeps them; whether the caller may see them is the
instance's to say, as everything is. When it is silent, nobody sees them here.
"""

from __future__ import annotations

import asyncio
from typing import Any

from idp.apps.hub.groups import AUDITORS
from idp.apps.hub.instances import Instances
from idp.apps.hub.views.gather import gather
from idp.apps.hub.views.model import View
from idp.apps.hub.views.rights import may
from idp.apps.platform.audit import open_audit
from idp.apps.platform.layout import Layout
from idp.capabilities.promotion.render.roles import AUDIT_GROUP, AUDIT_RECORDS
from idp.kernel.access import Principal
from idp.kernel.audit import AuditLog
from idp.kernel.client import Client
from idp.kernel.errors import Forbidden, IdpError


class AuditRecordView(View):
    """Who did what to what.

    Attributes:
        sequence: Counts from 1 without gaps.
        time: UTC, RFC 3339.
        actor: Who acted.
        action: Verb and resource.
        target: `namespace/name`.
        facts: Further facts.
        hash: What the next record builds on.
    """

    sequence: int
    time: str
    actor: str
    action: str
    target: str
    facts: dict[str, Any]
    hash: str


class AuditPage(View):
    """Some records.

    Attributes:
        records: Newest first.
        next: To be asked for as `before` for older ones; None when there are none.
    """

    records: list[AuditRecordView]
    next: int | None = None


class ChainView(View):
    """Whether the chain holds.

    Attributes:
        environment: Of which instance.
        records: How many were checked.
        broken_at: Sequence of the first that does not fit; None when all do.
        reason: What is wrong there.
        head: Hash of the last good one.
    """

    environment: str
    records: int
    broken_at: int | None = None
    reason: str = ""
    head: str = ""


class Audits:
    """Reads the audits of the instances in the data folder."""

    def __init__(self, layout: Layout, instances: Instances) -> None:
        self._layout = layout
        self._instances = instances
        self._open: dict[str, AuditLog] = {}

    async def search(
        self,
        principal: Principal,
        environment: str,
        *,
        text: str,
        actor: str,
        people: bool,
        before: int | None,
        limit: int,
    ) -> AuditPage:
        """A page of the records that match.

        Raises:
            Forbidden: The caller may not read the audit.
            IdpError: The instance does not answer.
        """
        log = await self._admitted(principal, environment)
        found = await asyncio.to_thread(
            log.search, text=text, actor=actor, people=people, before=before, limit=limit + 1
        )
        records = [
            AuditRecordView(
                sequence=r.sequence,
                time=r.time,
                actor=r.actor,
                action=r.action,
                target=r.target,
                facts=r.facts,
                hash=r.hash,
            )
            for r in found[:limit]
        ]
        more = len(found) > limit
        return AuditPage(records=records, next=records[-1].sequence if more else None)

    async def verify(self, principal: Principal, environment: str) -> ChainView:
        """Check the whole chain. Raises as `search`."""
        log = await self._admitted(principal, environment)
        verdict = await asyncio.to_thread(log.verify)
        return ChainView(
            environment=environment,
            records=verdict.records,
            broken_at=verdict.broken_at,
            reason=verdict.reason,
            head=verdict.head,
        )

    async def _admitted(self, principal: Principal, environment: str) -> AuditLog:
        async def ask(client: Client) -> bool:
            return await may(client, "get", resource=AUDIT_RECORDS, group=AUDIT_GROUP)

        answers = await gather(self._instances, principal, ask, environments=(environment,))
        answer = answers[environment]
        if isinstance(answer, IdpError):
            raise answer
        if not answer:
            raise Forbidden(
                f"{principal.name} may not read the audit of {environment}",
                remedy=f"Ask an administrator for the group {AUDITORS}.",
            )
        if environment not in self._open:
            self._open[environment] = open_audit(self._layout, environment)
        return self._open[environment]
