"""Carries sets out: gather, decide (`decide/promotion_set`), act.

The names of everything that a set creates follow from its own and its members', so whatever is
done twice after a crash is done once. What was let commit, and why the set failed, is in its status
before anything is done about it.
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.promotion.decide.promotion_set import (
    Member,
    SetPlan,
    State,
    Undone,
    mistake,
    next_steps,
)
from idp.capabilities.promotion.decide.promotion_status import ABORTED, has_ended
from idp.capabilities.promotion.gates.gate import PASSED
from idp.capabilities.promotion.kinds import (
    PLATFORM_INITIATOR,
    MemberStatus,
    PipelineStep,
    Promotion,
    PromotionAbort,
    PromotionSet,
    PromotionSetStatus,
    SetMember,
)
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, is_true, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists
from idp.kernel.manifest import render
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated, write_status

OVER = ("Succeeded", "Failed")
LOOK_AGAIN = 1.0


class SetReconciler:
    """Reconciles one set."""

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [Watch(PromotionSet.type()), Watch(Promotion.type(), _set_of)]
        return Controller("promotion-sets", self._client, self, watches, workers=2)

    async def __call__(self, request: Request) -> Result:
        """Bring one set further."""
        manifest = await get_or_none(
            self._client, PromotionSet.type(), request.name, request.namespace
        )
        if manifest is None:
            return Result()
        wanted = PromotionSet.parse(manifest)
        status = wanted.status or PromotionSetStatus()
        if status.phase in OVER:
            return Result()
        if problem := mistake(wanted.spec.members):
            plan = SetPlan("Failed", problem, failure=problem)
            await self._write(manifest, status, plan, [])
            return Result()
        members = [await self._member(wanted, member) for member in wanted.spec.members]
        begun = bool(status.members)
        plan = next_steps(members, cleared=status.cleared, failure=status.failure, begun=begun)
        if plan.start:
            for member in wanted.spec.members:
                await self._start(wanted, member)
            members = [await self._member(wanted, member) for member in wanted.spec.members]
        await self._write(manifest, status, plan, _told(wanted, members, plan))
        await self._undo(wanted, plan)
        return Result() if plan.phase in OVER else Result(requeue_after=LOOK_AGAIN)

    async def _member(self, wanted: PromotionSet, member: SetMember) -> Member:
        name, namespace = promotion_name(wanted.name, member.application), wanted.namespace
        promotion = await get_or_none(self._client, Promotion.type(), name, namespace)
        if promotion is None:
            return Member(member.application, tuple(member.after), "Missing")
        status = promotion.get("status") or {}
        return Member(
            member.application,
            tuple(member.after),
            await self._state(promotion),
            str(status.get("message", "")),
            await self._undone(name, namespace),
        )

    async def _state(self, promotion: Manifest) -> State:
        phase = (promotion.get("status") or {}).get("phase", "")
        if has_ended(promotion):
            return "Succeeded" if phase == "Succeeded" else "Failed"
        if is_true(promotion, ABORTED):
            return "Proceeding"
        meta = promotion["metadata"]
        step = await get_or_none(
            self._client, PipelineStep.type(), f"{meta['name']}-gates", meta["namespace"]
        )
        return gates_state((step or {}).get("status") or {})

    async def _undone(self, promotion: str, namespace: str) -> Undone:
        name = rollback_name(promotion)
        rollback = await get_or_none(self._client, Promotion.type(), name, namespace)
        if rollback is None:
            return "No"
        phase = (rollback.get("status") or {}).get("phase")
        ends: dict[Any, Undone] = {"Succeeded": "Done", "Failed": "Failed"}
        return ends.get(phase, "Running")

    async def _start(self, wanted: PromotionSet, member: SetMember) -> None:
        spec = {
            "application": member.application,
            "release": member.release,
            "initiator": wanted.spec.initiator,
            "reason": wanted.spec.reason,
            "set": wanted.name,
        }
        name = promotion_name(wanted.name, member.application)
        await self._create(Promotion, name, wanted.namespace, member.application, spec)

    async def _undo(self, wanted: PromotionSet, plan: SetPlan) -> None:
        """Stop and roll back what the plan says; the failure is written by now."""
        why = f"set {wanted.name} failed: {plan.failure}"[:2000]
        for application in (*plan.abort, *plan.roll_back):
            name = promotion_name(wanted.name, application)
            promotion = await get_or_none(self._client, Promotion.type(), name, wanted.namespace)
            if promotion is None:
                continue
            if application in plan.abort:
                spec = {
                    "promotion": name,
                    "promotionUid": promotion["metadata"]["uid"],
                    "user": PLATFORM_INITIATOR,
                    "reason": why,
                }
                await self._create(PromotionAbort, name, wanted.namespace, application, spec)
                continue
            spec = {
                "application": application,
                "action": "rollback",
                "undoes": promotion["status"].get("commit", ""),
                "initiator": PLATFORM_INITIATOR,
                "reason": why,
            }
            await self._create(Promotion, rollback_name(name), wanted.namespace, application, spec)

    async def _create(
        self,
        kind: type[Promotion] | type[PromotionAbort],
        name: str,
        namespace: str,
        application: str,
        spec: Manifest,
    ) -> None:
        labels = {APPLICATION_LABEL: application}
        manifest = render(kind.type(), name, namespace, labels=labels, spec=spec)
        try:
            await self._client.create(kind.type(), manifest)
        except AlreadyExists:
            return

    async def _write(
        self,
        manifest: Manifest,
        status: PromotionSetStatus,
        plan: SetPlan,
        members: list[MemberStatus],
    ) -> None:
        """Raises `Conflict` when the set changed meanwhile: nothing is done by an old plan."""
        facts = {
            "phase": plan.phase,
            "message": plan.message,
            "failure": plan.failure,
            "cleared": list(plan.cleared),
            "members": members,
            "conditions": dated(manifest, _condition(plan), self._clock()),
        }
        await write_status(
            self._client, PromotionSet.type(), manifest, status.model_copy(update=facts)
        )


def gates_state(step: Manifest) -> State:
    """How far the gates of a member are, by the status of its `gates` step. Pure."""
    if step.get("phase") == "Succeeded":
        return "Proceeding"
    gates = (step.get("outputs") or {}).get("gates") or []
    shut = [gate["name"] for gate in gates if gate["state"] not in PASSED]
    return "Ready" if shut == ["set"] and step.get("reason") == "WaitingForGates" else "Gates"


def promotion_name(set_name: str, application: str) -> str:
    """Name of a member's promotion."""
    return f"{set_name}-{application}"


def rollback_name(promotion: str) -> str:
    """Name of the rollback of a member's promotion."""
    return f"{promotion}-set-rollback"


def _told(wanted: PromotionSet, members: list[Member], plan: SetPlan) -> list[MemberStatus]:
    told = []
    for member in members:
        phase: Any = {"Missing": "Gates", "Proceeding": "Committing"}.get(
            member.state, member.state
        )
        if plan.failure and member.state == "Succeeded":
            phase = "RolledBack" if member.undone == "Done" else "RollingBack"
        name = promotion_name(wanted.name, member.application)
        told.append(
            MemberStatus(
                application=member.application,
                promotion=name,
                phase=phase,
                message=member.message,
            )
        )
    return told


def _condition(plan: SetPlan) -> Condition:
    if plan.phase == "Succeeded":
        return true("Complete", "AllSucceeded", plan.message)
    remedy = "Settle what failed, then start another set." if plan.failure else ""
    return false("Complete", plan.phase, plan.message[:1000], remedy=remedy)


def _set_of(promotion: Manifest) -> list[Request]:
    name = promotion["spec"].get("set", "")
    return [Request(promotion["metadata"]["namespace"], name)] if name else []
