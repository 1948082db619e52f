"""What a pod asks for in all: its containers together. Pure.

Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from idp.embedded.apiserver.admission.amounts import Amounts, amounts_of, greatest, plus
from idp.kernel.resource import Manifest

Side = Literal["requests", "limits"]


def containers(spec: Manifest) -> Iterator[Manifest]:
    """All containers of a pod: those that run together, then those that run before."""
    yield from spec.get("containers") or ()
    yield from spec.get("initContainers") or ()


def pod_amounts(spec: Manifest, side: Side, *, overhead: bool = True) -> Amounts:
    """What a pod requests, or is limited to.

    Containers run together, so theirs add up; an init container runs alone, beside the sidecars
    (`restartPolicy: Always`) that were started before it. What is stated for the whole pod
    (`spec.resources`) counts instead of the sum. `overhead` adds that of the pod's runtime.
    """
    together: Amounts = {}
    for container in spec.get("containers") or ():
        together = plus(together, _stated(container, side))
    sidecars: Amounts = {}
    before: Amounts = {}
    for container in spec.get("initContainers") or ():
        stated = _stated(container, side)
        if container.get("restartPolicy") == "Always":
            sidecars = plus(sidecars, stated)
            before = greatest(before, sidecars)
        else:
            before = greatest(before, plus(sidecars, stated))
    total = greatest(plus(together, sidecars), before)
    total |= amounts_of((spec.get("resources") or {}).get(side))
    if overhead:
        extra = amounts_of(spec.get("overhead"))
        if side == "limits":
            extra = {name: amount for name, amount in extra.items() if name in total}
        total = plus(total, extra)
    return total


def _stated(container: Manifest, side: Side) -> Amounts:
    resources: Any = container.get("resources") or {}
    return amounts_of(resources.get(side))


def is_best_effort(spec: Manifest) -> bool:
    """Whether a pod asks for nothing at all."""
    holders = [spec, *containers(spec)]
    return not any(
        (holder.get("resources") or {}).get(side)
        for holder in holders
        for side in ("requests", "limits")
    )
