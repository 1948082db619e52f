"""`/api/v1/roles`: who may do what, as each instance's RBAC says it.

The instance's bindings and roles are read with the caller's rights and put side by side; nothing is
decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict

from idp.apps.hub.authentication import Authentication, admitted
from idp.apps.hub.instances import Instances
from idp.apps.hub.views.gather import Listed, gather, listing
from idp.apps.hub.views.model import View
from idp.kernel.access import Principal
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CLUSTER_ROLE, CLUSTER_ROLE_BINDING

ROLE = ResourceType("rbac.authorization.k8s.io", "v1", "Role", "roles")
ROLE_BINDING = ResourceType("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")
_MACHINERY = ("system:", "idp:hub", "idp:instances")


class RuleView(View):
    """What a role allows.

    Attributes:
        verbs: Such as `get` or `promote`; `*` is any.
        groups: API groups; empty text is the core group.
        resources: Plurals of kinds.
        names: Only objects of these names; empty for any.
    """

    verbs: list[str]
    groups: list[str]
    resources: list[str]
    names: list[str]


class GrantView(View):
    """A role that somebody has.

    Attributes:
        subject_kind: `Group` or `User`.
        subject: Its name.
        role: Name of the role.
        namespace: Where it holds; empty for everywhere in the instance.
        rules: What it allows.
    """

    subject_kind: str
    subject: str
    role: str
    namespace: str
    rules: list[RuleView]


class InstanceRoles(View):
    """Who may do what in one instance.

    Attributes:
        environment: The instance.
        error: Why it cannot be told; empty when it can.
        grants: By subject.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "environment": "uat",
                    "error": "",
                    "grants": [
                        {
                            "subjectKind": "Group",
                            "subject": "idp:approvers:uat",
                            "role": "idp-approver",
                            "namespace": "",
                            "rules": [
                                {
                                    "verbs": ["approve"],
                                    "groups": ["platform.idp"],
                                    "resources": ["promotions"],
                                    "names": [],
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    environment: str
    error: str
    grants: list[GrantView]


def role_routes(authentication: Authentication, instances: Instances) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["users"], dependencies=[Depends(authentication.admit_person)])

    @router.get("/roles", summary="Who may do what")
    async def list_roles(request: Request) -> list[InstanceRoles]:
        return await roles(instances, admitted(request))

    return router


async def roles(instances: Instances, principal: Principal) -> list[InstanceRoles]:
    """Ask every instance."""
    kinds = (CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING)
    answers = await gather(instances, principal, listing(*kinds))
    return [
        InstanceRoles(
            environment=environment,
            error=answer.message if isinstance(answer, IdpError) else "",
            grants=[] if isinstance(answer, IdpError) else grants(answer),
        )
        for environment, answer in answers.items()
    ]


def grants(listed: Listed) -> list[GrantView]:
    """The roles of people and their groups, without those of the machinery. Pure."""
    rules = {
        (role["metadata"].get("namespace", ""), role["metadata"]["name"]): _rules(role)
        for kind in (CLUSTER_ROLE.kind, ROLE.kind)
        for role in listed.get(kind, ())
    }
    bindings: Sequence[Manifest] = [
        *listed.get(CLUSTER_ROLE_BINDING.kind, ()),
        *listed.get(ROLE_BINDING.kind, ()),
    ]
    found = []
    for binding in bindings:
        namespace = binding["metadata"].get("namespace", "")
        role: Mapping[str, Any] = binding["roleRef"]
        home = namespace if role["kind"] == ROLE.kind else ""
        for subject in binding.get("subjects") or []:
            name = str(subject["name"])
            if subject["kind"] not in ("User", "Group") or name.startswith(_MACHINERY):
                continue
            found.append(
                GrantView(
                    subject_kind=subject["kind"],
                    subject=name,
                    role=role["name"],
                    namespace=namespace,
                    rules=rules.get((home, role["name"]), []),
                )
            )
    return sorted(found, key=lambda grant: (grant.subject, grant.namespace, grant.role))


def _rules(role: Manifest) -> list[RuleView]:
    return [
        RuleView(
            verbs=rule.get("verbs") or [],
            groups=rule.get("apiGroups") or [],
            resources=rule.get("resources") or [],
            names=rule.get("resourceNames") or [],
        )
        for rule in role.get("rules") or []
        if rule.get("resources")
    ]
