"""Messages of `rbac.authorization.k8s.io`, `authorization.k8s.io` and `authentication.k8s.io`."""

from __future__ import annotations

MESSAGES = {
    "authentication.BoundObjectReference": "1 kind s, 2 apiVersion s, 3 name s, 4 uid s",
    "authentication.SelfSubjectReview": "1 metadata meta.ObjectMeta, 2 status -",
    "authentication.TokenRequest": (
        "1 metadata meta.ObjectMeta, 2 spec authentication.TokenRequestSpec, 3 status -"
    ),
    "authentication.TokenRequestSpec": (
        "1 audiences [s, 3 boundObjectRef *authentication.BoundObjectReference, "
        "4 expirationSeconds *i, 5 attestations {Ls"
    ),
    "authentication.TokenReview": (
        "1 metadata meta.ObjectMeta, 2 spec authentication.TokenReviewSpec, 3 status -"
    ),
    "authentication.TokenReviewSpec": "1 token s, 2 audiences [s",
    "authorization.FieldSelectorAttributes": (
        "1 rawSelector s, 2 requirements [meta.FieldSelectorRequirement"
    ),
    "authorization.LabelSelectorAttributes": (
        "1 rawSelector s, 2 requirements [meta.LabelSelectorRequirement"
    ),
    "authorization.LocalSubjectAccessReview": (
        "1 metadata meta.ObjectMeta, 2 spec authorization.SubjectAccessReviewSpec, 3 status -"
    ),
    "authorization.NonResourceAttributes": "1 path s, 2 verb s",
    "authorization.ResourceAttributes": (
        "1 namespace s, 2 verb s, 3 group s, 4 version s, 5 resource s, 6 subresource s, "
        "7 name s, 8 fieldSelector *authorization.FieldSelectorAttributes, "
        "9 labelSelector *authorization.LabelSelectorAttributes"
    ),
    "authorization.SelfSubjectAccessReview": (
        "1 metadata meta.ObjectMeta, 2 spec authorization.SelfSubjectAccessReviewSpec, 3 status -"
    ),
    "authorization.SelfSubjectAccessReviewSpec": (
        "1 resourceAttributes *authorization.ResourceAttributes, "
        "2 nonResourceAttributes *authorization.NonResourceAttributes"
    ),
    "authorization.SelfSubjectRulesReview": (
        "1 metadata meta.ObjectMeta, 2 spec authorization.SelfSubjectRulesReviewSpec, 3 status -"
    ),
    "authorization.SelfSubjectRulesReviewSpec": "1 namespace s",
    "authorization.SubjectAccessReview": (
        "1 metadata meta.ObjectMeta, 2 spec authorization.SubjectAccessReviewSpec, 3 status -"
    ),
    "authorization.SubjectAccessReviewSpec": (
        "1 resourceAttributes *authorization.ResourceAttributes, "
        "2 nonResourceAttributes *authorization.NonResourceAttributes, 3 user s, 4 groups [s, "
        "5 extra {Ls, 6 uid s"
    ),
    "rbac.AggregationRule": "1 clusterRoleSelectors [meta.LabelSelector",
    "rbac.ClusterRole": (
        "1 metadata meta.ObjectMeta, 2 rules [rbac.PolicyRule, "
        "3 aggregationRule *rbac.AggregationRule"
    ),
    "rbac.ClusterRoleBinding": (
        "1 metadata meta.ObjectMeta, 2 subjects [rbac.Subject, 3 roleRef rbac.RoleRef"
    ),
    "rbac.PolicyRule": (
        "1 verbs [s, 2 apiGroups [s, 3 resources [s, 4 resourceNames [s, 5 nonResourceURLs [s"
    ),
    "rbac.Role": "1 metadata meta.ObjectMeta, 2 rules [rbac.PolicyRule",
    "rbac.RoleBinding": (
        "1 metadata meta.ObjectMeta, 2 subjects [rbac.Subject, 3 roleRef rbac.RoleRef"
    ),
    "rbac.RoleRef": "1 apiGroup s, 2 kind s, 3 name s",
    "rbac.Subject": "1 kind s, 2 apiGroup s, 3 name s, 4 namespace s",
}
