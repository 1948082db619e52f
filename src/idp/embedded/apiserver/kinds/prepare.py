"""What the server itself sets in built-in objects when they are written."""

from __future__ import annotations

from collections.abc import Callable

from idp.embedded.apiserver.kinds.defaults import NAME_LABEL, TEMPLATE_GENERATION
from idp.kernel.resource import Manifest

Prepare = Callable[[Manifest, Manifest | None], None]
"""Changes the new object in place; the second argument is the object as it was, if it was."""


def _namespace(new: Manifest, old: Manifest | None) -> None:
    new["metadata"].setdefault("labels", {})[NAME_LABEL] = new["metadata"]["name"]
    if old is None:
        finalizers = (new.get("spec") or {}).get("finalizers") or []
        new["spec"] = {"finalizers": list(dict.fromkeys([*finalizers, "kubernetes"]))}
        new["status"] = {"phase": "Active"}
    else:
        new["spec"] = old.get("spec", {})


def _pod(new: Manifest, old: Manifest | None) -> None:
    spec = new["spec"]
    if old is None:
        if not spec.get("serviceAccountName"):
            spec["serviceAccountName"] = spec["serviceAccount"] = "default"
        new["status"] = {"phase": "Pending", "qosClass": _quality(spec)}


def _quality(spec: Manifest) -> str:
    """The quality-of-service class of a pod."""
    classes = set()
    for container in spec.get("containers") or []:
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        if not requests and not limits:
            classes.add("BestEffort")
        elif {"cpu", "memory"} <= set(limits) and all(
            requests.get(name) == limits[name] for name in ("cpu", "memory")
        ):
            classes.add("Guaranteed")
        else:
            classes.add("Burstable")
    return classes.pop() if len(classes) == 1 else "Burstable"


def _job(new: Manifest, old: Manifest | None) -> None:
    """A Job selects its pods by a label that only they have."""
    spec, uid = new["spec"], new["metadata"].get("uid", "")
    if old is None and not spec.get("manualSelector") and "selector" not in spec:
        template = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
        template |= {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": new["metadata"]["name"],
            "controller-uid": uid,
            "job-name": new["metadata"]["name"],
        }
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    elif old is not None:
        spec.setdefault("selector", old["spec"].get("selector"))
    if not new["metadata"].get("labels") and spec["template"].get("metadata", {}).get("labels"):
        new["metadata"]["labels"] = dict(spec["template"]["metadata"]["labels"])


def _service(new: Manifest, old: Manifest | None) -> None:
    """There is one family of addresses; what has no address of its own may be in any."""
    spec = new["spec"]
    if spec["type"] == "ExternalName":
        return
    former = (old or {}).get("spec") or {}
    any_family = spec.get("clusterIP") == "None" and not spec.get("selector")
    families = ["IPv4", "IPv6"] if any_family else ["IPv4"]
    spec.setdefault("ipFamilies", former.get("ipFamilies", families))
    policy = "RequireDualStack" if any_family else "SingleStack"
    spec.setdefault("ipFamilyPolicy", former.get("ipFamilyPolicy", policy))


def _claim(new: Manifest, old: Manifest | None) -> None:
    if old is None:
        new["status"] = {"phase": "Pending"}


def _daemon_set(new: Manifest, old: Manifest | None) -> None:
    """Older controllers tell changes of the template by a count."""
    if old is None:
        return
    count = int(old["metadata"].get("annotations", {}).get(TEMPLATE_GENERATION, "1"))
    changed = new["spec"].get("template") != old["spec"].get("template")
    new["metadata"]["annotations"][TEMPLATE_GENERATION] = str(count + changed)


PREPARE: dict[str, Prepare] = {
    "/namespaces": _namespace,
    "/pods": _pod,
    "/services": _service,
    "/persistentvolumeclaims": _claim,
    "apps/daemonsets": _daemon_set,
    "batch/jobs": _job,
}
