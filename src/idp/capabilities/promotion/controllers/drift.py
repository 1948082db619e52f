"""Looks whether applications are what was promoted, reports it, and heals what the rules say.

The report is an object (`DriftReport`), so everybody who may look at the application sees it. While
a promotion has its turn nothing is compared: then the three are on their way to each other. What
runs is healed by Argo CD, whose `selfHeal` is set as the rule says; Git is healed by reverting, one
after the other, the commits in force that no promotion made, the newest first.
"""

from __future__ import annotations

import asyncio

import structlog

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.capabilities.environments.kinds import DriftRule
from idp.capabilities.promotion.clients.argo_cd import ArgoCd
from idp.capabilities.promotion.controllers.events import warn
from idp.capabilities.promotion.decide.drift import Documents, compare, words
from idp.capabilities.promotion.decide.promotion_status import has_ended, has_turn
from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.kinds import DriftReport, DriftReportStatus, Promotion
from idp.capabilities.promotion.ledger import Ledger, LedgerEntry
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists, Conflict, NotFound
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest
from idp.kernel.standard import ARGO_APPLICATION
from idp.kernel.status import dated, write_status

log = structlog.get_logger(__name__)

IN_SYNC = "InSync"
LOOK_AGAIN = 60.0
_HISTORY = 50
_KINDS = (WebApplication, ApplicationConfiguration)


class DriftWatch:
    """Reconciles one application."""

    def __init__(
        self,
        client: Client,
        reader: PipelineReader,
        environment_repository: EnvironmentRepository,
        ledger: Ledger,
        argo_cd: ArgoCd,
        *,
        environment: str,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._reader = reader
        self._repository = environment_repository
        self._ledger = ledger
        self._argo_cd = argo_cd
        self._environment = environment
        self._clock = clock

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [
            Watch(WebApplication.type()),
            Watch(ARGO_APPLICATION, _itself),
            Watch(Promotion.type(), _application_of),
        ]
        return Controller("drift", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Compare, report, heal."""
        namespace, name = request.namespace, request.name
        promoted = await self._promoted(namespace, name)
        if promoted is None or await self._moving(namespace, name):
            return Result()
        try:
            rule = (await self._reader.rules()).pipeline.drift
        except NotFound:  # it comes back by itself
            return Result(requeue_after=LOOK_AGAIN)
        status = await self._compare(promoted, rule)
        await self._report(namespace, name, status)
        await self._heal(namespace, name, promoted, status, rule)
        return Result(requeue_after=LOOK_AGAIN)

    async def _promoted(self, namespace: str, application: str) -> LedgerEntry | None:
        """What succeeded last, with a commit; None when nothing ever did."""
        entries = await asyncio.to_thread(
            self._ledger.entries, namespace=namespace, application=application, limit=_HISTORY
        )
        return next((e for e in entries if e.phase == "Succeeded" and e.git_commit), None)

    async def _moving(self, namespace: str, application: str) -> bool:
        selector = f"{APPLICATION_LABEL}={application}"
        listed = await self._client.list(Promotion.type(), namespace, label_selector=selector)
        return any(has_turn(p) and not has_ended(p) for p in listed.items)

    async def _compare(self, promoted: LedgerEntry, rule: DriftRule) -> DriftReportStatus:
        namespace, application = promoted.namespace, promoted.application
        head = await self._repository.head() or ""
        was = await self._repository.documents(promoted.git_commit, namespace, application)
        states = await self._repository.documents(head, namespace, application) if head else {}
        live = await self._live(namespace, states or was)
        running = (live.get("WebApplication", {}).get("status") or {}).get("image") or ""
        return DriftReportStatus(
            promotion=promoted.promotion,
            commit=promoted.git_commit,
            head=head,
            differences=compare(was, states, live, running, rule),
        )

    async def _live(self, namespace: str, documents: Documents) -> dict[str, Manifest]:
        found = {}
        for kind in _KINDS:
            type_ = kind.type()
            if type_.kind not in documents:
                continue
            name = documents[type_.kind]["metadata"]["name"]
            if (manifest := await get_or_none(self._client, type_, name, namespace)) is not None:
                found[type_.kind] = manifest
        return found

    async def _report(self, namespace: str, name: str, status: DriftReportStatus) -> None:
        type_ = DriftReport.type()
        manifest = await get_or_none(self._client, type_, name, namespace)
        if manifest is None:
            labels = {APPLICATION_LABEL: name}
            wanted = render(type_, name, namespace, labels=labels, spec={"application": name})
            try:
                manifest = await self._client.create(type_, wanted)
            except AlreadyExists:
                manifest = await self._client.get(type_, name, namespace)
        told = words(status.differences)
        condition = true(IN_SYNC, "Same", told)
        if status.differences:
            healed = all(d.action == "heal" for d in status.differences)
            look = f"idp-cli drift {name} -e {self._environment} -n {namespace}"
            remedy = f"`{look}` shows every field."
            condition = false(IN_SYNC, "Healing" if healed else "Drifted", told, remedy=remedy)
        status.conditions = dated(manifest, condition, self._clock())
        await write_status(self._client, type_, manifest, status)
        if any(d.action == "raise" for d in status.differences):
            message = f"{name} in {self._environment} has drifted: {told}"
            await warn(
                self._client,
                namespace,
                subject=f"{name} {status.commit} {status.head}",
                reason="Drifted",
                message=message,
            )

    async def _heal(
        self,
        namespace: str,
        name: str,
        promoted: LedgerEntry,
        status: DriftReportStatus,
        rule: DriftRule,
    ) -> None:
        await self._argo_cd.heal(namespace, name, by_itself=rule.running == "heal")
        between = {d.between for d in status.differences}
        if "git" in between and rule.git == "heal":
            await self._revert(namespace, name, promoted)
            await self._argo_cd.refresh(namespace, name)
        elif "running" in between and rule.running == "heal":
            await self._argo_cd.refresh(namespace, name)

    async def _revert(self, namespace: str, application: str, promoted: LedgerEntry) -> None:
        for commit in await self._repository.by_hand(namespace, application):
            why = f"no promotion made it; {promoted.promotion} was the last"
            try:
                await self._repository.undo(
                    commit,
                    why,
                    promotion=f"{namespace}/{promoted.promotion}",
                    uid=f"drift-{commit}",
                )
            except Conflict as error:
                log.warning("drift of Git is not healed", commit=commit, error=error.message)
                return
            log.info("drift of Git healed", commit=commit, application=application)


def _itself(manifest: Manifest) -> list[Request]:
    meta = manifest["metadata"]
    return [Request(meta["namespace"], meta["name"])]


def _application_of(promotion: Manifest) -> list[Request]:
    if not has_ended(promotion):
        return []
    return [Request(promotion["metadata"]["namespace"], promotion["spec"]["application"])]
