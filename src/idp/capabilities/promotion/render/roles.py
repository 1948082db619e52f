"""The platform's roles as ClusterRoles. Pure.

Bind them with RoleBindings in an application's namespace, or for a whole instance. Verbs beyond
those of Kubernetes:

- `push` on `webapplications`: push to the repository of that name;
- `promote` and `rollback` on `promotions`: start one (with `create`);
- `approve` on `promotions`: an Approval counts;
- `override` on `promotions`: an emergency Approval counts;
- `hotfix` on `promotions`: start one that takes the expedited way (with `promote`);
- `close` on `reviews`: close one that is about somebody else (with `patch`);
- `approve` on `vulnerabilityexceptions` and `securityprofilechanges`: add oneself as the approver
  of one (with `patch`);
- `get` on `records` of the group `audit.platform.idp`: read the audit. The group is one of its own,
  so that looking at everything of the platform (`platform.idp/*`) is not looking at who did what.

No person gets to write PipelineSteps, or the status of anything: what they say is the platform's
word. Service accounts may create PipelineSteps, and an admission policy (`admission.py`) leaves
that to the one account of the pipelines, in whichever namespace they run.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.promotion.kinds import Approval, Freeze, PipelineStep, Promotion, Review
from idp.capabilities.scanning.kinds import (
    Remediation,
    SecurityProfileChange,
    VulnerabilityException,
)
from idp.kernel.manifest import render
from idp.kernel.resource import PLATFORM_GROUP, Manifest
from idp.kernel.standard import ARGO_APPLICATION, CLUSTER_ROLE, CLUSTER_ROLE_BINDING, WORKFLOW

ADMIN, DEVELOPER, VIEWER, AUDITOR = "idp-admin", "idp-developer", "idp-viewer", "idp-auditor"
PROMOTER, APPROVER, PIPELINE = "idp-promoter", "idp-approver", "idp-pipeline"
RESPONDER, SECURITY = "idp-responder", "idp-security"

AUDIT_GROUP, AUDIT_RECORDS = "audit.platform.idp", "records"

_READ = ("get", "list", "watch")
_CHANGE = ("create", "update", "patch", "delete")
_LOOK_AT = {
    "": ("namespaces", "pods", "pods/log", "services", "endpoints", "configmaps", "events"),
    "apps": ("deployments", "replicasets"),
    "batch": ("jobs", "cronjobs"),
    "policy": ("poddisruptionbudgets",),
    "networking.k8s.io": ("networkpolicies",),
    "networking.istio.io": ("virtualservices",),
    ARGO_APPLICATION.group: ("applications", "workflows", "workflowtemplates"),
}
_PROMOTIONS = Promotion.type().plural
_EXCEPTIONS = VulnerabilityException.type().plural
_RULES = SecurityProfileChange.type().plural
_APPLICATIONS = (WebApplication.type().plural, "applicationconfigurations")


def cluster_roles() -> list[Manifest]:
    """All roles; each contains the rules of those it stands above."""
    view = [
        _rule(PLATFORM_GROUP, ("*",), _READ),
        *(_rule(group, resources, _READ) for group, resources in _LOOK_AT.items()),
    ]
    promote = [
        _rule(PLATFORM_GROUP, (_PROMOTIONS,), ("create", "promote", "rollback")),
        _rule(PLATFORM_GROUP, (_EXCEPTIONS,), ("create", "delete")),
        _rule(PLATFORM_GROUP, (_RULES,), ("create",)),
    ]
    secure = [
        _rule(PLATFORM_GROUP, (_RULES,), ("approve", *_CHANGE)),
        _rule(PLATFORM_GROUP, (_EXCEPTIONS,), ("approve", *_CHANGE)),
    ]
    develop = [
        *promote,
        _rule("", ("namespaces",), ("create",)),
        _rule(PLATFORM_GROUP, _APPLICATIONS, _CHANGE),
        _rule(PLATFORM_GROUP, _APPLICATIONS[:1], ("push",)),
        _rule(PLATFORM_GROUP, (Remediation.type().plural,), ("create", "delete")),
        _rule(WORKFLOW.group, (WORKFLOW.plural,), ("create",)),
    ]
    approve = [
        _rule(PLATFORM_GROUP, (Approval.type().plural,), ("create",)),
        _rule(PLATFORM_GROUP, (_PROMOTIONS,), ("approve",)),
        _rule(PLATFORM_GROUP, (_EXCEPTIONS,), ("approve", "patch", "update", "delete")),
        _rule(PLATFORM_GROUP, (Freeze.type().plural,), ("create", "delete")),
        _rule(PLATFORM_GROUP, (Review.type().plural,), ("close", "patch", "update")),
    ]
    respond = [
        _rule(PLATFORM_GROUP, (Approval.type().plural,), ("create",)),
        _rule(PLATFORM_GROUP, (_PROMOTIONS,), ("override", "hotfix")),
    ]
    anything = [
        _rule("*", ("*",), ("*",)),
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]
    run = [_rule(PLATFORM_GROUP, (PipelineStep.type().plural,), (*_READ, "create", "patch"))]
    return [
        render(CLUSTER_ROLE, ADMIN, rules=anything),
        render(
            CLUSTER_ROLE, AUDITOR, rules=[*view, _rule(AUDIT_GROUP, (AUDIT_RECORDS,), ("get",))]
        ),
        render(CLUSTER_ROLE, APPROVER, rules=[*view, *approve]),
        render(CLUSTER_ROLE, SECURITY, rules=[*view, *secure]),
        render(CLUSTER_ROLE, RESPONDER, rules=[*view, *promote, *respond]),
        render(CLUSTER_ROLE, PROMOTER, rules=[*view, *promote]),
        render(CLUSTER_ROLE, DEVELOPER, rules=[*view, *develop]),
        render(CLUSTER_ROLE, VIEWER, rules=view),
        render(CLUSTER_ROLE, PIPELINE, rules=run),
        render(
            CLUSTER_ROLE_BINDING,
            PIPELINE,
            roleRef={"apiGroup": CLUSTER_ROLE.group, "kind": "ClusterRole", "name": PIPELINE},
            subjects=[
                {"apiGroup": CLUSTER_ROLE.group, "kind": "Group", "name": "system:serviceaccounts"}
            ],
        ),
    ]


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> Manifest:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
