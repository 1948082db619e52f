from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.apiserver.access.bootstrap import bootstrap_manifests
from idp.embedded.apiserver.access.validation import rbac_errors
from idp.kernel.resource import Manifest

RBAC = "rbac.authorization.k8s.io"
RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
URLS = {"nonResourceURLs": ["/x"], "verbs": ["get"]}


def binding(kind: str = "RoleBinding", **fields: Any) -> Manifest:
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"}
    subject = {"kind": "User", "name": "alice", "apiGroup": RBAC}
    return {"kind": kind, "roleRef": reference, "subjects": [subject], **fields}


def test_what_is_right_passes() -> None:
    account = {"kind": "ServiceAccount", "name": "sa"}
    assert rbac_errors({"kind": "Role", "rules": [RULE]}) == []
    assert rbac_errors({"kind": "ClusterRole", "rules": [RULE, URLS]}) == []
    assert rbac_errors(binding(subjects=[account])) == []
    assert [cause for manifest in bootstrap_manifests() for cause in rbac_errors(manifest)] == []


@pytest.mark.parametrize(
    ("kind", "rule", "field"),
    [
        ("Role", {**RULE, "verbs": []}, "rules[0].verbs"),
        ("Role", {**RULE, "apiGroups": []}, "rules[0].apiGroups"),
        ("Role", {**RULE, "resources": []}, "rules[0].resources"),
        ("Role", URLS, "rules[0].nonResourceURLs"),
        ("ClusterRole", {**RULE, **URLS}, "rules[0].nonResourceURLs"),
    ],
)
def test_what_is_wrong_with_a_rule(kind: str, rule: Manifest, field: str) -> None:
    assert [cause.field for cause in rbac_errors({"kind": kind, "rules": [rule]})] == [field]


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (binding(roleRef={"apiGroup": "x", "kind": "Role", "name": "r"}), "roleRef.apiGroup"),
        (binding(roleRef={"apiGroup": RBAC, "kind": "Rule", "name": "r"}), "roleRef.kind"),
        (binding(roleRef={"apiGroup": RBAC, "kind": "Role", "name": ""}), "roleRef.name"),
        (
            binding("ClusterRoleBinding", roleRef={"apiGroup": RBAC, "kind": "Role", "name": "r"}),
            "roleRef.kind",
        ),
        (binding(subjects=[{"kind": "Team", "name": "x"}]), "subjects[0].kind"),
        (binding(subjects=[{"kind": "User", "name": "x", "apiGroup": ""}]), "subjects[0].apiGroup"),
        (binding(subjects=[{"kind": "ServiceAccount", "name": ""}]), "subjects[0].name"),
        (
            binding("ClusterRoleBinding", subjects=[{"kind": "ServiceAccount", "name": "x"}]),
            "subjects[0].namespace",
        ),
    ],
)
def test_what_is_wrong_with_a_binding(manifest: Manifest, field: str) -> None:
    assert [cause.field for cause in rbac_errors(manifest)] == [field]
