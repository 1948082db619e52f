"""What the hub's groups may do in an instance, as its own RBAC decides."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from idp.apps.hub.groups import ADMINISTRATORS, AUDITORS, DEVELOPERS, VIEWERS, approvers
from idp.apps.instance.groups import group_bindings
from idp.capabilities.promotion.render.roles import AUDIT_GROUP, AUDIT_RECORDS, cluster_roles
from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.rules import Attributes
from idp.kernel.resource import PLATFORM_GROUP, Manifest

PLURALS = {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"}


class Roles:
    """What an instance has at its start."""

    def __init__(self) -> None:
        bindings = group_bindings("uat", first=False, environments=("development", "uat"))
        self._manifests = [
            {**m, "metadata": {**m["metadata"], "uid": str(n), "resourceVersion": "1"}}
            for n, m in enumerate([*cluster_roles(), *bindings])
        ]

    def revision(self, group: str, plural: str) -> int:
        return 1

    def get(self, group: str, plural: str, namespace: str, name: str) -> Manifest | None:
        found = (m for m in self.list(group, plural) if m["metadata"]["name"] == name)
        return next(iter(found), None)

    def list(self, group: str, plural: str, namespace: str | None = None) -> Iterable[Manifest]:
        return [m for m in self._manifests if PLURALS.get(m["kind"]) == plural]


def may(group: str, verb: str, api_group: str, resource: str) -> bool:
    user = UserInfo("somebody", groups=(group, "system:authenticated"))
    return RbacAuthorizer(Roles()).decide(user, Attributes(verb, api_group, resource)).allowed


@pytest.mark.parametrize(
    ("group", "allowed"),
    [
        (ADMINISTRATORS, True),
        (AUDITORS, True),
        (VIEWERS, False),
        (DEVELOPERS, False),
        (approvers("uat"), False),
        (approvers("development"), False),
    ],
)
def test_the_audit_is_for_auditors_and_administrators(group: str, allowed: bool) -> None:
    assert may(group, "get", AUDIT_GROUP, AUDIT_RECORDS) is allowed
    # Looking at the platform is for all of them.
    assert may(group, "list", PLATFORM_GROUP, "promotions")
