"""ValidatingAdmissionPolicies: honest names, and verbs that RBAC alone cannot ask for. Pure.

RBAC says who may create an object; these say that the object tells the truth about who that was,
and that this person has the verb that the object stands for: `promote`, `rollback`, `hotfix`,
`approve`, `override` or `close`.
`system:masters` are the platform's own controllers.
"""

from __future__ import annotations

from idp.capabilities.promotion.kinds import (
    PLATFORM_INITIATOR,
    Approval,
    Freeze,
    PipelineStep,
    Promotion,
    Review,
)
from idp.capabilities.promotion.render.templates import PIPELINE_ACCOUNT, PUSH
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
    f"object.spec.initiator == '{PLATFORM_INITIATOR}'))",
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
            "promotions", Promotion.type(), [_INITIATOR, _MAY_START, _MAY_START_HOTFIX]
        ),
        *validating_policy("freezes", Freeze.type(), [_FREEZER]),
        *validating_policy(
            "reviews",
            Review.type(),
            [_OPENED_BY_PLATFORM, _CLOSER, _MAY_CLOSE],
            ("CREATE", "UPDATE"),
        ),
        *validating_policy("pipelinesteps", PipelineStep.type(), [_PLATFORM_ONLY]),
        *validating_policy("workflows", WORKFLOW, [_PUSH_ONLY, _PUSH_AUTHOR], ("CREATE", "UPDATE")),
    ]
