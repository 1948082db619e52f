"""ValidatingAdmissionPolicies: honest names, and verbs that RBAC alone cannot ask for. Pure.

RBAC says who may create an object; these say that the object tells the truth about who that was,
and that this person has the verb that the object stands for: `promote`, `rollback`, `abort` or
`approve`.
`system:masters` are the platform's own controllers.
"""

from __future__ import annotations

from idp.capabilities.promotion.kinds import (
    PLATFORM_INITIATOR,
    Approval,
    PipelineStep,
    Promotion,
    PromotionAbort,
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
_MAY_APPROVE = (
    f"{_ON_PROMOTIONS}.name(object.spec.promotion).check('approve').allowed()",
    "you may not decide about this promotion: it takes the verb approve on promotions.platform.idp",
)
_ABORTER = (
    "object.spec.user == request.userInfo.username",
    "spec.user must be you: a promotion is aborted in one's own name",
)
_MAY_ABORT = (
    f"{_ON_PROMOTIONS}.name(object.spec.promotion).check('abort').allowed()",
    "you may not abort this promotion: it takes the verb abort on promotions.platform.idp",
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
            "approvals", Approval.type(), [_APPROVER, _APPROVER_GROUPS, _MAY_APPROVE]
        ),
        *validating_policy("promotions", Promotion.type(), [_INITIATOR, _MAY_START]),
        *validating_policy("promotionaborts", PromotionAbort.type(), [_ABORTER, _MAY_ABORT]),
        *validating_policy("pipelinesteps", PipelineStep.type(), [_PLATFORM_ONLY]),
        *validating_policy("workflows", WORKFLOW, [_PUSH_ONLY, _PUSH_AUTHOR], ("CREATE", "UPDATE")),
    ]
