"""What one object counts against a quota. Pure.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from idp.embedded.apiserver.admission.amounts import Amount, Amounts, amounts_of
from idp.embedded.apiserver.admission.pod_resources import containers, pod_amounts
from idp.kernel.resource import Manifest

PODS = "/pods"
SERVICES = "/services"
CLAIMS = "/persistentvolumeclaims"

_COUNTED_BY_NAME = ("configmaps", "resourcequotas", "secrets")
_CLASS = ".storageclass.storage.k8s.io/"
_COMPUTE = ("cpu", "ephemeral-storage", "memory")
_REQUIRED = frozenset(
    {"cpu", "memory", *(f"{side}.{n}" for side in ("requests", "limits") for n in _COMPUTE[::2])}
)
_OVER = ("Succeeded", "Failed")
_ONE = Amount(Decimal(1))


def count_name(resource: str) -> str:
    """Under which name a quota counts the objects of a resource (`group/plural`)."""
    group, _, plural = resource.partition("/")
    return f"count/{plural}.{group}" if group else f"count/{plural}"


def usage_of(resource: str, manifest: Manifest) -> Amounts:
    """Everything that an object counts, by the names that quotas use."""
    measure = _MEASURES.get(resource)
    special = measure(manifest) if measure is not None else {}
    return {count_name(resource): _ONE, **special}


def may_concern(hard: Iterable[str], resource: str) -> bool:
    """Whether objects of a resource may count against a quota of these names."""
    return resource in _MEASURES or count_name(resource) in hard


def _pod(pod: Manifest) -> Amounts:
    if (pod.get("status") or {}).get("phase") in _OVER:
        return {}  # it is kept to be looked at, and uses nothing
    found = {"pods": _ONE}
    for name, amount in pod_amounts(pod["spec"], "requests").items():
        found[f"requests.{name}"] = amount
        if name in _COMPUTE or name.startswith("hugepages-"):
            found[name] = amount
    for name, amount in pod_amounts(pod["spec"], "limits").items():
        if name in _COMPUTE:
            found[f"limits.{name}"] = amount
    return found


def _service(service: Manifest) -> Amounts:
    found = {"services": _ONE}
    spec = service["spec"]
    ports = Amount(Decimal(len(spec.get("ports") or ())))
    if spec.get("type") == "NodePort":
        found["services.nodeports"] = ports
    elif spec.get("type") == "LoadBalancer":
        found["services.loadbalancers"] = _ONE
        if spec.get("allocateLoadBalancerNodePorts", True):
            found["services.nodeports"] = ports
    return found


def _claim(claim: Manifest) -> Amounts:
    spec = claim["spec"]
    found = {"persistentvolumeclaims": _ONE}
    storage = amounts_of((spec.get("resources") or {}).get("requests")).get("storage")
    if storage is not None:
        found["requests.storage"] = storage
    if class_ := spec.get("storageClassName"):
        found |= {f"{class_}{_CLASS}{name}": amount for name, amount in found.items()}
    return found


def _named(plural: str) -> Callable[[Manifest], Amounts]:
    return lambda manifest: {plural: _ONE}


_MEASURES: dict[str, Callable[[Manifest], Amounts]] = {
    PODS: _pod,
    SERVICES: _service,
    CLAIMS: _claim,
    **{f"/{plural}": _named(plural) for plural in _COUNTED_BY_NAME},
}


def unstated(pod: Manifest, hard: Iterable[str]) -> str:
    """What containers of a pod must state because a quota counts it; empty when nothing lacks.

    A pod that states its resources as a whole need not.
    """
    if (pod["spec"].get("resources") or {}).keys() & {"requests", "limits"}:
        return ""
    required = sorted(_REQUIRED & set(hard))
    lacking: dict[str, list[str]] = {}
    for container in containers(pod["spec"]):
        resources = container.get("resources") or {}
        stated = resources.get("requests") or {}
        named = {*stated, *(f"requests.{name}" for name in stated)}
        named |= {f"limits.{name}" for name in resources.get("limits") or ()}
        for name in required:
            if name not in named:
                lacking.setdefault(name, []).append(str(container.get("name", "")))
    return "; ".join(f"{name} for: {','.join(sorted(who))}" for name, who in lacking.items())
