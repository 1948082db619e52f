"""Reduce the OpenAPI documents that Kubernetes publishes to the kinds that the embedded API serves.

Usage: import_kubernetes_schemas.py <kubernetes source>/api/openapi-spec/v3 [output]

The output is one gzip file of JSON: `version` and `schemas`, a map of definition name to OpenAPI
v3 schema. The documents are part of Kubernetes (Apache-2.0); nothing in them is changed besides
dropping what is not reachable from the served kinds.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

KINDS = {
    "api__v1": (
        "Namespace ConfigMap Secret Service ServiceAccount Pod Event Endpoints"
        " PersistentVolume PersistentVolumeClaim ReplicationController ResourceQuota LimitRange"
    ),
    "apis__apps__v1": "Deployment ReplicaSet StatefulSet DaemonSet",
    "apis__batch__v1": "Job CronJob",
    "apis__autoscaling__v1": "Scale",
    "apis__autoscaling__v2": "HorizontalPodAutoscaler",
    "apis__policy__v1": "PodDisruptionBudget Eviction",
    "apis__networking.k8s.io__v1": "NetworkPolicy Ingress IngressClass",
    "apis__discovery.k8s.io__v1": "EndpointSlice",
    "apis__events.k8s.io__v1": "Event",
    "apis__coordination.k8s.io__v1": "Lease",
    "apis__rbac.authorization.k8s.io__v1": "Role RoleBinding ClusterRole ClusterRoleBinding",
    "apis__admissionregistration.k8s.io__v1": (
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"
    ),
    "apis__scheduling.k8s.io__v1": "PriorityClass",
    "apis__storage.k8s.io__v1": "StorageClass",
    "apis__certificates.k8s.io__v1": "CertificateSigningRequest",
    "apis__apiextensions.k8s.io__v1": "CustomResourceDefinition",
    "apis__authentication.k8s.io__v1": "TokenReview SelfSubjectReview TokenRequest",
    "apis__authorization.k8s.io__v1": (
        "SubjectAccessReview SelfSubjectAccessReview LocalSubjectAccessReview"
        " SelfSubjectRulesReview"
    ),
}
ALSO = (
    "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
    "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
)


def references(node: Any) -> set[str]:
    """Names of the definitions that a schema refers to."""
    if isinstance(node, dict):
        own = {node["$ref"].rsplit("/", 1)[-1]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


def main(source: Path, output: Path) -> None:
    """Read the documents in `source`, write the reduced file to `output`."""
    everything: dict[str, Any] = {}
    wanted: list[str] = list(ALSO)
    for document, kinds in KINDS.items():
        body = json.loads((source / f"{document}_openapi.json").read_text())
        everything |= body["components"]["schemas"]
        names = [part for part in document.split("__") if part not in ("api", "apis")]
        group, version = (names[0], names[1]) if len(names) == 2 else ("", names[0])
        for name, schema in body["components"]["schemas"].items():
            for gvk in schema.get("x-kubernetes-group-version-kind", []):
                if (gvk["group"], gvk["version"]) == (group, version) and (
                    gvk["kind"] in kinds.split()
                ):
                    wanted.append(name)
    kept: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = everything[name]
            wanted += sorted(references(everything[name]))
    for schema in kept.values():
        shown = schema.get("x-kubernetes-group-version-kind", [])
        if len(shown) > 2:  # options that every group repeats
            schema["x-kubernetes-group-version-kind"] = shown[:1]
    data = {"version": source.parts[-4].rpartition("@")[2], "schemas": dict(sorted(kept.items()))}
    text = json.dumps(data, separators=(",", ":"), sort_keys=True).encode()
    output.write_bytes(gzip.compress(text, mtime=0))
    sys.stdout.write(f"{len(kept)} definitions, {len(text)} bytes\n")


if __name__ == "__main__":
    default = Path(__file__).parent.parent / "src/idp/embedded/apiserver/types/kubernetes.json.gz"
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else default)
