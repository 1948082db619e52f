"""Defaults of the built-in kinds that schemas do not state."""

from __future__ import annotations

import base64
from collections.abc import Callable

from idp.embedded.apiserver.admission.limits import set_range_defaults
from idp.embedded.apiserver.kinds.pods import default_pod_spec, default_requests, default_template
from idp.kernel.resource import Manifest

NAME_LABEL = "kubernetes.io/metadata.name"
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
Default = Callable[[Manifest], None]


def _namespace(manifest: Manifest) -> None:
    metadata = manifest["metadata"]
    if not metadata.get("generateName"):  # else it is set when there is a name
        metadata.setdefault("labels", {})[NAME_LABEL] = metadata.get("name", "")


def _secret(manifest: Manifest) -> None:
    manifest.setdefault("type", "Opaque")
    plain = manifest.pop("stringData", None)
    if plain:
        data = manifest.setdefault("data", {})
        for name, text in plain.items():
            data[name] = base64.b64encode(text.encode()).decode()


def _pod(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("enableServiceLinks", True)
    default_pod_spec(spec)
    default_requests(spec)


def _service(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        if "port" in port:
            port.setdefault("targetPort", port["port"])


def _claim(manifest: Manifest) -> None:
    manifest.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _deployment(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    default_template(spec.setdefault("template", {}))


def _replica_set(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    template = spec.setdefault("template", {})
    default_template(template)
    labels = (template.get("metadata") or {}).get("labels")
    if labels and "selector" not in spec:
        spec["selector"] = {"matchLabels": dict(labels)}


def _replication_controller(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    if (template := spec.get("template")) is None:
        return
    default_template(template)
    labels = (template.get("metadata") or {}).get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        metadata = manifest.setdefault("metadata", {})
        if not metadata.get("labels"):
            metadata["labels"] = dict(labels)


def _volume(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")


def _stateful_set(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("serviceName", "")
    for claim in spec.get("volumeClaimTemplates") or []:
        claim |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        claim["status"] = {"phase": "Pending"}
        _claim(claim)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    default_template(spec.setdefault("template", {}))


def _daemon_set(manifest: Manifest) -> None:
    annotations = manifest["metadata"].setdefault("annotations", {})
    annotations.setdefault(TEMPLATE_GENERATION, "1")
    spec = manifest.setdefault("spec", {})
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    default_template(spec.setdefault("template", {}))


def _job_spec(spec: Manifest) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    template = spec.setdefault("template", {})
    default_template(template)
    failing = template["spec"]["restartPolicy"] in ("Never", "OnFailure")
    if failing:
        spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")


def _job(manifest: Manifest) -> None:
    _job_spec(manifest.setdefault("spec", {}))


def _cron_job(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    template = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    default_template(template.setdefault("template", {}))


def _autoscaler(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if "behavior" in spec:
        up, down = (spec["behavior"].setdefault(way, {}) for way in ("scaleUp", "scaleDown"))
        up.setdefault("stabilizationWindowSeconds", 0)
        up.setdefault("policies", [{"type": "Pods", "value": 4, "periodSeconds": 15}, _DOUBLED])
        down.setdefault("policies", [_DOUBLED])
        for rules in (up, down):
            rules.setdefault("selectPolicy", "Max")


_DOUBLED = {"type": "Percent", "value": 100, "periodSeconds": 15}


def _network_policy(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for rule in [*(spec.get("ingress") or []), *(spec.get("egress") or [])]:
        for port in rule.get("ports") or []:
            port.setdefault("protocol", "TCP")


def _role_binding(manifest: Manifest) -> None:
    group = "rbac.authorization.k8s.io"
    if "roleRef" in manifest:
        manifest["roleRef"].setdefault("apiGroup", group)
    for subject in manifest.get("subjects") or []:
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", group)


def _admission_policy(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    if "matchConstraints" in spec:
        _match_resources(spec["matchConstraints"])


def _admission_binding(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    if "matchResources" in spec:
        _match_resources(spec["matchResources"])
    if "paramRef" in spec:
        spec["paramRef"].setdefault("parameterNotFoundAction", "Deny")


def _match_resources(match: Manifest) -> None:
    match.setdefault("matchPolicy", "Equivalent")
    match.setdefault("namespaceSelector", {})
    match.setdefault("objectSelector", {})
    for rule in [*(match.get("resourceRules") or []), *(match.get("excludeResourceRules") or [])]:
        rule.setdefault("scope", "*")


def _storage_class(manifest: Manifest) -> None:
    manifest.setdefault("reclaimPolicy", "Delete")
    manifest.setdefault("volumeBindingMode", "Immediate")


def _priority_class(manifest: Manifest) -> None:
    manifest.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _endpoints(manifest: Manifest) -> None:
    for subset in manifest.get("subsets") or []:
        for port in subset.get("ports") or []:
            port.setdefault("protocol", "TCP")


def _endpoint_slice(manifest: Manifest) -> None:
    for port in manifest.get("ports") or []:
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _definition(manifest: Manifest) -> None:
    spec = manifest.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if kind := names.get("kind"):
        names.setdefault("singular", kind.lower())
        names.setdefault("listKind", f"{kind}List")
    spec.setdefault("conversion", {"strategy": "None"})


DEFAULTS: dict[str, Default] = {
    "/namespaces": _namespace,
    "/secrets": _secret,
    "/pods": _pod,
    "/services": _service,
    "/persistentvolumeclaims": _claim,
    "/persistentvolumes": _volume,
    "/replicationcontrollers": _replication_controller,
    "/endpoints": _endpoints,
    "/limitranges": set_range_defaults,
    "apps/deployments": _deployment,
    "apps/replicasets": _replica_set,
    "apps/statefulsets": _stateful_set,
    "apps/daemonsets": _daemon_set,
    "batch/jobs": _job,
    "batch/cronjobs": _cron_job,
    "autoscaling/horizontalpodautoscalers": _autoscaler,
    "networking.k8s.io/networkpolicies": _network_policy,
    "rbac.authorization.k8s.io/rolebindings": _role_binding,
    "rbac.authorization.k8s.io/clusterrolebindings": _role_binding,
    "admissionregistration.k8s.io/validatingadmissionpolicies": _admission_policy,
    "admissionregistration.k8s.io/validatingadmissionpolicybindings": _admission_binding,
    "storage.k8s.io/storageclasses": _storage_class,
    "scheduling.k8s.io/priorityclasses": _priority_class,
    "discovery.k8s.io/endpointslices": _endpoint_slice,
    "apiextensions.k8s.io/customresourcedefinitions": _definition,
}
