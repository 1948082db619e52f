"""One promotion: its steps, what they found, the rules that fired, who decided; and the inbox."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.board import InstanceState, instance_state, waits_for_approval
from idp.apps.hub.views.gather import Listed, gather, listing
from idp.apps.hub.views.model import View
from idp.apps.hub.views.rights import may
from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.kinds import Approval, PipelineStep, Promotion, Release
from idp.capabilities.scanning.kinds import Action
from idp.kernel.access import Principal
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest


class RuleView(View):
    """A rule that fired.

    Attributes:
        effect: What it does to the release.
        subject: What it is about; for `approve` the name that an approver must accept.
        message: What was found.
        change: What would make it not fire.
    """

    effect: Action
    subject: str
    message: str
    change: str = ""


class EvidenceView(View):
    """A checked piece of evidence.

    Attributes:
        kind: Such as `provenance`.
        digest: Digest of the artifact that carries it.
        signer: Environment whose pinned key signed it.
    """

    kind: str
    digest: str
    signer: str


class ScannerView(View):
    """What one scanner said.

    Attributes:
        name: Such as `bandit`.
        status: `clean`, `findings` or `incomplete`.
        reason: Why it is incomplete.
        version: Of the scanner.
        findings: How many findings.
    """

    name: str
    status: str
    reason: str = ""
    version: str = ""
    findings: int = 0


class StepView(View):
    """One step.

    Attributes:
        name: Its name within the promotion.
        phase: How far it is.
        message: What it did or waits for.
        remedy: What a person can do.
        started_at: When it began.
        finished_at: When it ended.
    """

    name: str
    phase: str
    message: str = ""
    remedy: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class DecisionView(View):
    """What somebody decided.

    Attributes:
        approver: Who.
        decision: `approve` or `reject`.
        comment: Why.
        time: When.
        accepts: Gaps that were accepted.
        ignored: Why it does not count; empty when it does.
    """

    approver: str
    decision: Literal["approve", "reject"]
    comment: str
    time: datetime | None
    accepts: list[str]
    ignored: str = ""


class PromotionView(View):
    """One promotion.

    Attributes:
        environment: The target.
        namespace: Of the application.
        name: Of the Promotion.
        application: What is promoted.
        action: Forward, or back.
        phase: How far it is.
        message: What it waits for, did, or why it failed.
        remedy: What a person can do.
        release: Version of the release.
        release_name: Name of the Release object.
        release_digest: What an approval is bound to.
        policy_version: Rules under which it is decided; an approval is bound to them too.
        workflow: Name of the Workflow that runs its steps.
        commit: Commit in the environment's repository.
        source_commit: Commit of the application's code.
        author: Who pushed the release.
        initiator: Who started it.
        reason: Why.
        created_at: When it was started.
        finished_at: When it ended.
        steps: In their order.
        verdict: Decision about the evidence; empty before it was made.
        rules: Rules that fired, the strictest first.
        evidence: What was checked.
        scanners: What was scanned.
        must_accept: Gaps that an approver must accept by name.
        approvals_required: How many people must approve.
        waits_for_approval: Whether people must decide now.
        may_decide: Whether the caller may approve or reject it.
        why_not: Why the caller may not.
        decisions: What was decided, oldest first.
    """

    environment: str
    namespace: str
    name: str
    application: str
    action: Literal["promote", "rollback"]
    phase: str
    message: str
    remedy: str
    release: str
    release_name: str
    release_digest: str
    policy_version: str
    workflow: str
    commit: str
    source_commit: str
    author: str
    initiator: str
    reason: str
    created_at: datetime | None
    finished_at: datetime | None
    steps: list[StepView]
    verdict: str
    rules: list[RuleView]
    evidence: list[EvidenceView]
    scanners: list[ScannerView]
    must_accept: list[str]
    approvals_required: int
    waits_for_approval: bool
    may_decide: bool
    why_not: str
    decisions: list[DecisionView]


class Inbox(View):
    """Promotions that wait for people.

    Attributes:
        instances: How each instance answered.
        waiting: Longest first.
    """

    instances: list[InstanceState]
    waiting: list[PromotionView]


async def promotion_view(
    instances: Instances, principal: Principal, environment: str, namespace: str, name: str
) -> PromotionView:
    """Ask one instance about a promotion.

    Raises:
        NotFound: There is none of that name.
        IdpError: The instance does not answer, or the caller may not look.
    """

    async def ask(client: Client) -> PromotionView:
        promotion = await client.get(Promotion.type(), name, namespace)
        return await _view(client, principal, environment, promotion)

    answers = await gather(instances, principal, ask, environments=(environment,))
    answer = answers[environment]
    if isinstance(answer, IdpError):
        raise answer
    return answer


async def inbox(instances: Instances, principal: Principal) -> Inbox:
    """Every promotion that waits for people, wherever the caller may look."""

    async def ask(client: Client) -> list[Manifest]:
        found = (await client.list(Promotion.type())).items
        return [promotion for promotion in found if waits_for_approval(promotion)]

    async def views(environment: str, waiting: list[Manifest]) -> list[PromotionView]:
        client = instances.client(environment, principal)
        return list(
            await asyncio.gather(
                *(_view(client, principal, environment, promotion) for promotion in waiting)
            )
        )

    answers = await gather(instances, principal, ask)
    found = await asyncio.gather(
        *(views(e, answer) for e, answer in answers.items() if not isinstance(answer, IdpError)),
    )
    return Inbox(
        instances=[instance_state(e, answer) for e, answer in answers.items()],
        waiting=sorted((v for views_ in found for v in views_), key=lambda v: str(v.created_at)),
    )


async def _view(
    client: Client, principal: Principal, environment: str, promotion: Manifest
) -> PromotionView:
    namespace = promotion["metadata"]["namespace"]
    name = promotion["metadata"]["name"]
    workflow = (promotion.get("status") or {}).get("workflow") or name
    steps, others, release, pipeline, allowed = await asyncio.gather(
        client.list(
            PipelineStep.type(),
            namespace,
            label_selector=f"workflows.argoproj.io/workflow={workflow}",
        ),
        listing(Approval.type(), namespace=namespace)(client),
        _release(client, promotion),
        get_or_none(client, PromotionPipeline.type(), "default"),
        may(client, "approve", namespace, name),
    )
    return describe(
        environment, promotion, steps.items, others, release, pipeline, principal.name, allowed
    )


async def _release(client: Client, promotion: Manifest) -> Manifest | None:
    name = promotion["spec"].get("release")
    if not name:
        return None
    return await get_or_none(client, Release.type(), name, promotion["metadata"]["namespace"])


def describe(
    environment: str,
    promotion: Manifest,
    steps: Sequence[Manifest],
    others: Listed,
    release: Manifest | None,
    pipeline: Manifest | None,
    caller: str,
    allowed: bool,
) -> PromotionView:
    """Put a promotion together from its objects. Pure.

    Args:
        environment: The target.
        promotion: The Promotion.
        steps: Its PipelineSteps, in any order.
        others: Approvals of its namespace.
        release: Its Release; None when there is none, as for a rollback.
        pipeline: The rules in force; None when they cannot be read.
        caller: Who looks.
        allowed: Whether RBAC lets the caller approve it.
    """
    meta, spec, status = promotion["metadata"], promotion["spec"], promotion.get("status") or {}
    by_use = {step["spec"]["uses"]: step for step in steps}
    outputs = {use: (s.get("status") or {}).get("outputs") or {} for use, s in by_use.items()}
    verdict, admitted = outputs.get("verdict", {}), outputs.get("admit", {})
    source = release["spec"]["source"] if release else {}
    rules = (pipeline or {}).get("spec") or {}
    waits = waits_for_approval(promotion)
    why_not = _why_not(caller, allowed, rules, source.get("author", ""), spec, environment)
    return PromotionView(
        environment=environment,
        namespace=meta["namespace"],
        name=meta["name"],
        application=spec["application"],
        action=spec.get("action", "promote"),
        phase=status.get("phase", "Pending"),
        message=status.get("message", ""),
        remedy=status.get("remedy", ""),
        release=release["spec"]["version"] if release else spec.get("release", ""),
        release_name=spec.get("release", ""),
        release_digest=status.get("releaseDigest", ""),
        policy_version=status.get("policyVersion", ""),
        workflow=status.get("workflow") or meta["name"],
        commit=status.get("commit", ""),
        source_commit=source.get("commit", ""),
        author=source.get("author", ""),
        initiator=spec.get("initiator", ""),
        reason=spec.get("reason", ""),
        created_at=meta.get("creationTimestamp"),
        finished_at=status.get("finishedAt"),
        steps=[
            _step(summary, by_use.get(summary["name"])) for summary in status.get("steps") or []
        ],
        verdict=verdict.get("decision", ""),
        rules=[_known(RuleView, rule) for rule in verdict.get("rules", [])],
        evidence=[_known(EvidenceView, item) for item in admitted.get("evidence", [])],
        scanners=[_scanner(s) for s in outputs.get("scan", {}).get("scanners", [])],
        must_accept=[str(gap) for gap in verdict.get("mustAccept", [])],
        approvals_required=(rules.get("approval") or {}).get("required", 0),
        waits_for_approval=waits,
        may_decide=waits and not why_not,
        why_not=why_not if waits else "",
        decisions=_decisions(
            others.get(Approval.type().kind, ()), meta["name"], outputs.get("approval", {})
        ),
    )


def _why_not(
    caller: str,
    allowed: bool,
    rules: Mapping[str, Any],
    author: str,
    spec: Mapping[str, Any],
    environment: str,
) -> str:
    if not allowed:
        return f"it takes the role of an approver in {environment}"
    if not (rules.get("approval") or {}).get("excludeAuthor", True):
        return ""
    if caller == author:
        return "you are the author of the release: somebody else must decide"
    if caller == spec.get("initiator"):
        return "you started this promotion: somebody else must decide"
    return ""


def _step(summary: Manifest, step: Manifest | None) -> StepView:
    status = (step or {}).get("status") or {}
    return StepView(
        name=summary["name"],
        phase=summary["phase"],
        message=summary.get("message", ""),
        remedy=summary.get("remedy", ""),
        started_at=status.get("startedAt"),
        finished_at=status.get("finishedAt"),
    )


def _scanner(report: Mapping[str, Any]) -> ScannerView:
    return ScannerView(
        name=str(report.get("name", "")),
        status=str(report.get("status", "")),
        reason=str(report.get("reason") or ""),
        version=str(report.get("version") or ""),
        findings=len(report.get("findings") or []),
    )


def _decisions(
    approvals: Sequence[Manifest], promotion: str, outputs: Mapping[str, Any]
) -> list[DecisionView]:
    ignored = {item["approval"]: item["reason"] for item in outputs.get("ignored", [])}
    given = [a for a in approvals if a["spec"]["promotion"] == promotion]
    return [
        DecisionView(
            approver=approval["spec"]["approver"],
            decision=approval["spec"]["decision"],
            comment=approval["spec"].get("comment", ""),
            time=approval["metadata"].get("creationTimestamp"),
            accepts=[gap["name"] for gap in approval["spec"].get("accepts") or []],
            ignored=ignored.get(approval["metadata"]["name"], ""),
        )
        for approval in sorted(given, key=lambda a: str(a["metadata"].get("creationTimestamp")))
    ]


def _known(model: type[Any], body: Mapping[str, Any]) -> Any:
    """A view of what a step put out; fields that the view does not show are left out."""
    return model(**{name: body[name] for name in model.model_fields if name in body})
