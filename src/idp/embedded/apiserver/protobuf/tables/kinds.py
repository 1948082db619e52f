"""Which kinds are decoded, and which message each is."""

from __future__ import annotations

_BY_GROUP = {
    ("v1", "core"): (
        "Namespace ConfigMap Secret ServiceAccount Service "
        "Pod Event ResourceQuota PersistentVolumeClaim"
    ),
    ("apps/v1", "apps"): "Deployment ReplicaSet StatefulSet DaemonSet",
    ("batch/v1", "batch"): "Job CronJob",
    ("rbac.authorization.k8s.io/v1", "rbac"): "Role ClusterRole RoleBinding ClusterRoleBinding",
    ("authorization.k8s.io/v1", "authorization"): (
        "SubjectAccessReview SelfSubjectAccessReview LocalSubjectAccessReview "
        "SelfSubjectRulesReview"
    ),
    ("authentication.k8s.io/v1", "authentication"): "TokenRequest TokenReview SelfSubjectReview",
    ("certificates.k8s.io/v1", "certificates"): "CertificateSigningRequest",
    ("policy/v1", "policy"): "PodDisruptionBudget Eviction",
    ("scheduling.k8s.io/v1", "scheduling"): "PriorityClass",
    ("coordination.k8s.io/v1", "coordination"): "Lease",
    ("autoscaling/v1", "autoscaling"): "Scale",
    ("autoscaling/v2", "autoscalingv2"): "HorizontalPodAutoscaler",
    ("networking.k8s.io/v1", "networking"): "Ingress NetworkPolicy",
    ("events.k8s.io/v1", "events"): "Event",
}
KINDS = {
    (api_version, kind): f"{package}.{kind}"
    for (api_version, package), kinds in _BY_GROUP.items()
    for kind in kinds.split()
}
"""By API version and kind."""

OPTIONS = {"DeleteOptions": "meta.DeleteOptions"}
"""Kinds that every API group has, whatever API version they carry."""
