"""LimitRange: what containers get when they state nothing, and what no one may exceed. Pure.

Words and order are those of the admission plugin LimitRanger of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from idp.embedded.apiserver.admission.amounts import Amount, Amounts, amounts_of
from idp.embedded.apiserver.admission.pod_resources import Side, containers, pod_amounts
from idp.kernel.resource import Manifest

ANNOTATION = "kubernetes.io/limit-ranger"


def set_limit_defaults(pod: Manifest, ranges: Iterable[Manifest]) -> None:
    """Give each container of a new pod the requests and limits that it does not state, in place.

    An annotation tells people where these came from.
    """
    defaults: dict[Side, Manifest] = {"requests": {}, "limits": {}}
    for limit in _limits(ranges, "Container"):
        # With several ranges the first one that names a resource decides.
        defaults["requests"] = {**(limit.get("defaultRequest") or {}), **defaults["requests"]}
        defaults["limits"] = {**(limit.get("default") or {}), **defaults["limits"]}
    said = []
    for field, word in (("containers", "container"), ("initContainers", "init container")):
        for container in pod["spec"].get(field) or ():
            said += list(_complete(container, word, defaults))
    if said:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[ANNOTATION] = "LimitRanger plugin set: " + "; ".join(said)


def _complete(container: Manifest, word: str, defaults: Mapping[Side, Manifest]) -> Iterator[str]:
    resources = container.setdefault("resources", {})
    for side, quantities in defaults.items():
        stated = resources.get(side) or {}
        if added := sorted(name for name in quantities if name not in stated):
            resources[side] = {**stated, **{name: quantities[name] for name in added}}
            yield f"{', '.join(added)} {side[:-1]} for {word} {container.get('name', '')}"


def pod_violations(pod: Manifest, ranges: Iterable[Manifest]) -> list[str]:
    """What limits a new pod breaks."""
    spec = pod["spec"]
    found: list[str] = []
    for item in ranges:
        for limit in item["spec"].get("limits") or ():
            if limit.get("type") == "Container":
                for container in containers(spec):
                    resources = container.get("resources") or {}
                    requests = amounts_of(resources.get("requests"))
                    found += _violations(limit, requests, amounts_of(resources.get("limits")))
            elif limit.get("type") == "Pod":
                requests = pod_amounts(spec, "requests", overhead=False)
                found += _violations(limit, requests, pod_amounts(spec, "limits", overhead=False))
    return found


def claim_violations(claim: Manifest, ranges: Iterable[Manifest]) -> list[str]:
    """What limits a PersistentVolumeClaim breaks."""
    requests = amounts_of((claim["spec"].get("resources") or {}).get("requests"))
    found: list[str] = []
    for limit in _limits(ranges, "PersistentVolumeClaim"):
        for name, least in sorted(amounts_of(limit.get("min")).items()):
            found += _too_small(name, least, "PersistentVolumeClaim", requests, {})
        for name, most in sorted(amounts_of(limit.get("max")).items()):
            asked = requests.get(name)
            about = f"maximum {name} usage per PersistentVolumeClaim is {most}"
            if asked is None:
                found.append(f"{about}.  No request is specified")
            elif asked.value > most.value:
                found.append(f"{about}, but request is {asked}")
    return found


def _limits(ranges: Iterable[Manifest], type_: str) -> Iterator[Manifest]:
    for item in ranges:
        for limit in item["spec"].get("limits") or ():
            if limit.get("type") == type_:
                yield limit


def _violations(limit: Manifest, requests: Amounts, limits: Amounts) -> Iterator[str]:
    type_ = limit["type"]
    for name, least in sorted(amounts_of(limit.get("min")).items()):
        yield from _too_small(name, least, type_, requests, limits)
    for name, most in sorted(amounts_of(limit.get("max")).items()):
        yield from _too_large(name, most, type_, requests, limits)
    for name, ratio in sorted(amounts_of(limit.get("maxLimitRequestRatio")).items()):
        yield from _too_far_apart(name, ratio, type_, requests, limits)


def _too_small(
    name: str, least: Amount, type_: str, requests: Amounts, limits: Amounts
) -> Iterator[str]:
    request, limit = requests.get(name), limits.get(name)
    about = f"minimum {name} usage per {type_} is {least}"
    if request is None:
        yield f"{about}.  No request is specified"
    elif request.value < least.value:
        yield f"{about}, but request is {request}"
    elif limit is not None and limit.value < least.value:
        yield f"{about}, but limit is {limit}"


def _too_large(
    name: str, most: Amount, type_: str, requests: Amounts, limits: Amounts
) -> Iterator[str]:
    request, limit = requests.get(name), limits.get(name)
    about = f"maximum {name} usage per {type_} is {most}"
    if limit is None:
        yield f"{about}.  No limit is specified"
    elif limit.value > most.value:
        yield f"{about}, but limit is {limit}"
    elif request is not None and request.value > most.value:
        yield f"{about}, but request is {request}"


def _too_far_apart(
    name: str, ratio: Amount, type_: str, requests: Amounts, limits: Amounts
) -> Iterator[str]:
    request, limit = requests.get(name), limits.get(name)
    about = f"{name} max limit to request ratio per {type_} is {ratio}"
    if request is None or not request.value:
        yield f"{about}, but no request is specified or request is 0"
    elif limit is None or not limit.value:
        yield f"{about}, but no limit is specified or limit is 0"
    elif (given := limit.value / request.value) > ratio.value:
        yield f"{about}, but provided ratio is {given:.6f}"


def set_range_defaults(manifest: Manifest) -> None:
    """Complete a LimitRange, in place: a maximum is the default limit, and so on."""
    for limit in (manifest.get("spec") or {}).get("limits") or ():
        if limit.get("type") != "Container":
            continue
        default = {**(limit.get("max") or {}), **(limit.get("default") or {})}
        requests = {**(limit.get("min") or {}), **default, **(limit.get("defaultRequest") or {})}
        for name, value in (("default", default), ("defaultRequest", requests)):
            if value:
                limit[name] = value
