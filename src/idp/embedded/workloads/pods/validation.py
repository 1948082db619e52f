"""What of a Pod is checked before anything is done for it. Pure."""

from __future__ import annotations

from idp.embedded.workloads.pods.probes import parse, parse_action
from idp.embedded.workloads.pods.quantity import parse_quantity
from idp.embedded.workloads.pods.refusals import refusals
from idp.embedded.workloads.pods.status import Failure
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest

UNSUPPORTED = "Unsupported"


def check(pod: Manifest) -> Failure | None:
    """What stands against running a pod; None when nothing does."""
    if refused := refusals(pod):
        return Failure(
            UNSUPPORTED,
            f"not supported on one machine: {', '.join(refused)}. Remove these fields, or run the "
            "application on a cluster.",
        )
    try:
        for container in pod["spec"]["containers"]:
            _check_container(container, pod)
    except InvalidInput as error:
        return Failure("InvalidPod", f"{error.message} {error.remedy or ''}".strip())
    return None


def _check_container(container: Manifest, pod: Manifest) -> None:
    for limit in ((container.get("resources") or {}).get("limits") or {}).values():
        parse_quantity(limit)
    ready = {**pod, "metadata": {**pod["metadata"], "annotations": {"platform.idp/port": "1"}}}
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        parse(container.get(name), ready)
    hook = (container.get("lifecycle") or {}).get("preStop")
    if hook and "sleep" not in hook:
        parse_action(hook, ready)
