"""ValidatingAdmissionPolicies: honest names, and verbs that RBAC alone cannot ask for. Pure.

RBAC says who may create an object; these say that the object tells the truth about who that was,
and that this person has the verb that the object stands for: `promote`, `rollback`, `hotfix`,
`abort`, `approve`, `override` or `close`.
`system:masters` are the platform's own controllers.
"""

from __future__ import annotations

from idp.capabilities.promotion.kinds import (
    PLATFORM_INITIATOR,
    Approval,
    Freeze,
    PipelineStep,
    Promotion,
    PromotionAbort,
    PromotionSet,
    PromotionTrigger,
    PullRequest,
    Review,
    TriggerEvent,
)
from idp.capabilities.promotion.render.templates import PIPELINE_ACCOUNT, PUSH, TRIGGER_LABEL
from idp.kernel.admission import validating_policy
from idp.kernel.resource import Manifest
from idp.kernel.standard import WORKFLOW

_PLATFORM = "(has(request.userInfo.groups) && 'system:masters' in request.userInfo.groups)"

_APPROVER = (
    "object.spec.approver == request.userInfo.username",
    "spec.approver must be you: an approval is given in one's own name",
)
_APPROVER_GROUPS = (
    "!has(object.spec.approverGroups) || object.spec.approverGroups.all(group, "
    "has(request.userInfo.groups) && group in request.userInfo.groups)",
    "spec.approverGroups may only name groups that you are in",
)
_INITIATOR = (
    "(has(object.spec.initiator) && object.spec.initiator == request.userInfo.username) || "
    f"({_PLATFORM} && (!has(object.spec.initiator) || "
    f"object.spec.initiator == '{PLATFORM_INITIATOR}' || "
    "(has(object.spec.set) && object.spec.set != '') || "
    # What a trigger starts, the platform starts in the name of whoever gave the occasion.
    f"(has(object.metadata.labels) && '{TRIGGER_LABEL}' in object.metadata.labels)))",
    "spec.initiator must be you: a promotion is started in one's own name",
)
_ON_PROMOTIONS = (
    f"authorizer.group('{Promotion.type().group}').resource('{Promotion.type().plural}')"
    ".namespace(object.metadata.namespace)"
)
_MAY_START = (
    f"{_ON_PROMOTIONS}.check(has(object.spec.action) ? object.spec.action : 'promote').allowed()",
    "you may not start this in this namespace: it takes the verb promote, or rollback, on "
    "promotions.platform.idp",
)
_MAY_START_HOTFIX = (
    f"!has(object.spec.hotfix) || !object.spec.hotfix || "
    f"{_ON_PROMOTIONS}.check('hotfix').allowed()",
    "you may not start a hotfix in this namespace: it takes the verb hotfix on "
    "promotions.platform.idp",
)
_TRIGGERED_BY = (
    f"{_PLATFORM} || object.spec.by == request.userInfo.username",
    "spec.by must be you: what a trigger starts is started in one's own name",
)
_TRIGGERED_BY_GROUPS = (
    f"{_PLATFORM} || !has(object.spec.byGroups) || object.spec.byGroups.all(group, "
    "has(request.userInfo.groups) && group in request.userInfo.groups)",
    "spec.byGroups may only name groups that you are in",
)
_MAY_PROMOTE = (
    f"{_ON_PROMOTIONS}.check('promote').allowed()",
    "you may not start promotions in this namespace: it takes the verb promote on "
    "promotions.platform.idp",
)
_EMERGENCY = "(has(object.spec.emergency) && object.spec.emergency)"
_ON_THE_PROMOTION = f"{_ON_PROMOTIONS}.name(object.spec.promotion)"
_MAY_APPROVE = (
    f"{_EMERGENCY} || {_ON_THE_PROMOTION}.check('approve').allowed()",
    "you may not decide about this promotion: it takes the verb approve on promotions.platform.idp",
)
_MAY_OVERRIDE = (
    f"!{_EMERGENCY} || {_ON_THE_PROMOTION}.check('override').allowed()",
    "you may not override here: it takes the verb override on promotions.platform.idp",
)
_FREEZER = (
    "object.spec.by == request.userInfo.username",
    "spec.by must be you: one freezes in one's own name",
)
_OPENED_BY_PLATFORM = (
    f"request.operation != 'CREATE' || {_PLATFORM}",
    "reviews are opened by the platform only",
)
_CLOSED_BY = "(has({0}.spec.closedBy) ? {0}.spec.closedBy : '')"
_CLOSES = (
    f"request.operation == 'UPDATE' && {_CLOSED_BY.format('object')} != "
    f"{_CLOSED_BY.format('oldObject')}"
)
_CLOSER = (
    f"!({_CLOSES}) || object.spec.closedBy == request.userInfo.username",
    "spec.closedBy must be you: a review is closed in one's own name",
)
_MAY_CLOSE = (
    f"!({_CLOSES}) || authorizer.group('{Review.type().group}')"
    f".resource('{Review.type().plural}').namespace(object.metadata.namespace)"
    ".name(object.metadata.name).check('close').allowed()",
    "you may not close this review: it takes the verb close on reviews.platform.idp",
)
_IN_NO_SET = (
    f"{_PLATFORM} || !has(object.spec.set) || object.spec.set == ''",
    "promotions of a set are started by the platform only: create a PromotionSet",
)
_SET_INITIATOR = (
    "object.spec.initiator == request.userInfo.username",
    "spec.initiator must be you: a set is started in one's own name",
)
_MAY_START_SET = (
    f"{_ON_PROMOTIONS}.check('promote').allowed()",
    "you may not start a set in this namespace: it takes the verb promote on "
    "promotions.platform.idp",
)
_ABORTER = (
    "object.spec.user == request.userInfo.username || "
    f"({_PLATFORM} && object.spec.user == '{PLATFORM_INITIATOR}')",
    "spec.user must be you: a promotion is aborted in one's own name",
)
_MAY_ABORT = (
    f"{_ON_THE_PROMOTION}.check('abort').allowed()",
    "you may not abort this promotion: it takes the verb abort on promotions.platform.idp",
)
_PROPOSED_BY_PLATFORM = (
    f"request.operation != 'CREATE' || {_PLATFORM}",
    "pull requests are opened by the platform only",
)
_DECIDER = (
    "request.operation != 'UPDATE' || !has(object.spec.decidedBy) || "
    "object.spec.decidedBy == '' || object.spec == oldObject.spec || "
    "object.spec.decidedBy == request.userInfo.username",
    "spec.decidedBy must be you: one decides in one's own name",
)
_MAY_DECIDE = (
    f"request.operation != 'UPDATE' || object.spec == oldObject.spec || "
    f"{_ON_THE_PROMOTION}.check('approve').allowed()",
    "you may not decide about this pull request: it takes the verb approve on "
    "promotions.platform.idp",
)
_PUSH_ONLY = (
    f"{_PLATFORM} || (has(object.spec.workflowTemplateRef) && "
    f"object.spec.workflowTemplateRef.name == '{PUSH}' && "
    "has(object.spec.workflowTemplateRef.clusterScope) && "
    "object.spec.workflowTemplateRef.clusterScope && !has(object.spec.templates))",
    f"only workflows of the cluster template {PUSH} may be created: a workflow acts with the "
    "rights of the platform",
)
_PUSH_AUTHOR = (
    f"{_PLATFORM} || (has(object.spec.arguments) && has(object.spec.arguments.parameters) && "
    "object.spec.arguments.parameters.exists(parameter, parameter.name == 'author') && "
    "object.spec.arguments.parameters.filter(parameter, parameter.name == 'author').all("
    "parameter, has(parameter.value) && parameter.value == request.userInfo.username))",
    "the parameter author must be you: a release is made in one's own name",
)
_PLATFORM_ONLY = (
    f"{_PLATFORM} || request.userInfo.username == "
    f"'system:serviceaccount:' + request.namespace + ':{PIPELINE_ACCOUNT}'",
    "pipeline steps are created by workflows only",
)


def admission_policies() -> list[Manifest]:
    """Policies and their bindings."""
    return [
        *validating_policy(
            "approvals",
            Approval.type(),
            [_APPROVER, _APPROVER_GROUPS, _MAY_APPROVE, _MAY_OVERRIDE],
        ),
        *validating_policy(
            "promotions", Promotion.type(), [_INITIATOR, _IN_NO_SET, _MAY_START, _MAY_START_HOTFIX]
        ),
        *(
            policy
            for kind in (PromotionTrigger, TriggerEvent)
            for policy in validating_policy(
                kind.type().plural,
                kind.type(),
                [_TRIGGERED_BY, _TRIGGERED_BY_GROUPS, _MAY_PROMOTE],
            )
        ),
        *validating_policy("freezes", Freeze.type(), [_FREEZER]),
        *validating_policy(
            "reviews",
            Review.type(),
            [_OPENED_BY_PLATFORM, _CLOSER, _MAY_CLOSE],
            ("CREATE", "UPDATE"),
        ),
        *validating_policy("promotionsets", PromotionSet.type(), [_SET_INITIATOR, _MAY_START_SET]),
        *validating_policy("promotionaborts", PromotionAbort.type(), [_ABORTER, _MAY_ABORT]),
        *validating_policy(
            "pullrequests",
            PullRequest.type(),
            [_PROPOSED_BY_PLATFORM, _DECIDER, _MAY_DECIDE],
            ("CREATE", "UPDATE"),
        ),
        *validating_policy("pipelinesteps", PipelineStep.type(), [_PLATFORM_ONLY]),
        *validating_policy("workflows", WORKFLOW, [_PUSH_ONLY, _PUSH_AUTHOR], ("CREATE", "UPDATE")),
    ]
