"""Gathers what `decide/approvals.py` decides from: approvals, rights and roles, as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from idp.capabilities.promotion.decide.approvals import Answer, Question, approvals
from idp.capabilities.promotion.decide.rules import Rules
from idp.capabilities.promotion.kinds import Approval, Promotion, Release
from idp.capabilities.promotion.ports import Reviewer
from idp.kernel.client import Client
from idp.kernel.resource import Manifest
from idp.kernel.standard import CLUSTER_ROLE_BINDING, ROLE_BINDING


class ApprovalCounter:
    """Counts the approvals of promotions to one environment."""

    def __init__(self, client: Client, reviewer: Reviewer, *, environment: str) -> None:
        self._client = client
        self._reviewer = reviewer
        self._environment = environment

    def question(
        self, promotion: Promotion, release: Release, rules: Rules, must_accept: Sequence[str]
    ) -> Question:
        """What is to be approved."""
        rule = rules.pipeline.approval
        return Question(
            promotion=promotion.name,
            release_digest=release.spec.digest,
            target=self._environment,
            policy_version=rules.policy_version,
            required=rule.required,
            exclude_author=rule.exclude_author,
            author=release.spec.source.author,
            initiator=promotion.spec.initiator,
            must_accept=tuple(must_accept),
            requirements=tuple(rule.requirements),
            valid_hours=rule.valid_hours,
            emergency=rules.pipeline.emergency,
        )

    async def answer(self, question: Question, namespace: str, now: datetime) -> Answer:
        """How it stands; asks who has the right to what each time."""
        given = await self._given(namespace, question.promotion)
        entitled = [
            approval.name
            for approval in given
            if await self._reviewer.may_approve(
                approval.spec.approver,
                approval.spec.approver_groups,
                namespace=namespace,
                promotion=question.promotion,
                emergency=approval.spec.emergency,
            )
        ]
        wanted = {r.role for r in question.requirements if r.role}
        bindings = await self._bindings(namespace, wanted) if wanted and given else []
        roles = {approval.name: _roles(approval, bindings) for approval in given}
        return approvals(question, given, frozenset(entitled), now, roles)

    async def _given(self, namespace: str, promotion: str) -> list[Approval]:
        listed = await self._client.list(Approval.type(), namespace)
        found = [Approval.parse(m) for m in listed.items if m["spec"]["promotion"] == promotion]
        return sorted(found, key=lambda a: (str(a.metadata.creation_timestamp), a.name))

    async def _bindings(self, namespace: str, roles: set[str]) -> list[Manifest]:
        here = await self._client.list(ROLE_BINDING, namespace)
        everywhere = await self._client.list(CLUSTER_ROLE_BINDING)
        return [
            binding
            for binding in (*here.items, *everywhere.items)
            if binding["roleRef"].get("kind") == "ClusterRole"
            and binding["roleRef"]["name"] in roles
        ]


def _roles(approval: Approval, bindings: Sequence[Manifest]) -> frozenset[str]:
    people = {("User", approval.spec.approver)}
    people |= {("Group", group) for group in approval.spec.approver_groups}
    return frozenset(
        binding["roleRef"]["name"]
        for binding in bindings
        if people & {(s.get("kind", ""), s.get("name", "")) for s in binding.get("subjects") or []}
    )
