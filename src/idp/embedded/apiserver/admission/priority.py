"""The priority of pods: the value of the PriorityClass that they name. Pure.

Words are those of the admission plugin Priority of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from idp.kernel.errors import Cause, Forbidden
from idp.kernel.resource import Manifest

SYSTEM_PREFIX = "system-"
HIGHEST_OF_USERS = 1_000_000_000
SYSTEM_CLASSES: tuple[Manifest, ...] = (
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "system-node-critical"},
        "value": 2_000_001_000,
        "description": "Used for system critical pods that must not be moved from their current "
        "node.",
    },
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "system-cluster-critical"},
        "value": 2_000_000_000,
        "description": "Used for system critical pods that must run in the cluster, but can be "
        "moved to another node if necessary.",
    },
)
"""What every server has from the start."""

_SYSTEM_VALUES = {str(c["metadata"]["name"]): c["value"] for c in SYSTEM_CLASSES}
_PREEMPTING = "PreemptLowerPriority"


def set_priority(pod: Manifest, classes: Sequence[Manifest]) -> None:
    """Give a new pod the priority of its class, or of the default class, in place.

    Raises:
        Forbidden: There is no such class, or the pod states another priority.
    """
    spec = pod["spec"]
    chosen = _chosen(spec, classes)
    value, preemption = 0, _PREEMPTING
    if chosen is not None:
        spec["priorityClassName"] = chosen["metadata"]["name"]
        value = chosen.get("value", 0)
        preemption = chosen.get("preemptionPolicy", _PREEMPTING)
    _agree("integer", "priority", spec.get("priority"), value)
    _agree("string", "PreemptionPolicy", spec.get("preemptionPolicy"), preemption)
    spec["priority"], spec["preemptionPolicy"] = value, preemption


def _chosen(spec: Manifest, classes: Sequence[Manifest]) -> Manifest | None:
    if name := spec.get("priorityClassName"):
        for item in classes:
            if item["metadata"]["name"] == name:
                return item
        raise Forbidden(f"no PriorityClass with name {name} was found")
    defaults = [item for item in classes if item.get("globalDefault")]
    # There is one at most, unless two were made default at once: the lowest disturbs least.
    return min(defaults, key=lambda item: item.get("value", 0), default=None)


def _agree(type_: str, name: str, stated: object, computed: object) -> None:
    if stated not in (None, computed):
        raise Forbidden(
            f"the {type_} value of {name} ({stated}) must not be provided in pod spec; priority "
            f"admission controller computed {computed} from the given PriorityClass name"
        )


def check_only_default(new: Manifest, classes: Sequence[Manifest]) -> None:
    """Refuse a second default PriorityClass. Raises `Forbidden`."""
    if not new.get("globalDefault"):
        return
    for other in classes:
        if other.get("globalDefault") and other["metadata"]["name"] != new["metadata"]["name"]:
            raise Forbidden(
                f"PriorityClass {other['metadata']['name']} is already marked as default. Only one "
                "default can exist"
            )


def check_class_stays(name: str) -> None:
    """Refuse to delete a class of the system. Raises `Forbidden`."""
    if name in _SYSTEM_VALUES:
        raise Forbidden("this is a system priority class and cannot be deleted")


def class_causes(new: Manifest) -> Iterator[Cause]:
    """What is wrong with a PriorityClass."""
    name, value = new["metadata"].get("name", ""), new.get("value", 0)
    if name.startswith(SYSTEM_PREFIX):
        if _SYSTEM_VALUES.get(name) != value:
            known = name in _SYSTEM_VALUES
            why = (
                f"value of {name} PriorityClass must be {_SYSTEM_VALUES.get(name)}"
                if known
                else f"{name} is not a known system priority class"
            )
            yield Cause(
                "metadata.name",
                f"Forbidden: priority class names with '{SYSTEM_PREFIX}' prefix are reserved for "
                f"system use only. error: {why}",
                "FieldValueForbidden",
            )
    elif value > HIGHEST_OF_USERS:
        yield Cause(
            "value",
            f"Forbidden: maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}",
            "FieldValueForbidden",
        )
