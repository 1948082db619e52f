"""Rules for pods and pod templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from idp.embedded.apiserver.cel.quantity import parse_quantity
from idp.embedded.apiserver.kinds.names import label_causes
from idp.embedded.apiserver.kinds.words import duplicate, invalid, required, unsupported
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_RESTARTS = ("Always", "OnFailure", "Never")


def pod_causes(manifest: Manifest) -> Iterator[Cause]:
    """What is wrong with a Pod."""
    spec = manifest.get("spec") or {}
    yield from _spec_causes("spec", spec)
    restart = spec.get("restartPolicy", "Always")
    if restart not in _RESTARTS:
        yield unsupported("spec.restartPolicy", restart, _RESTARTS)


def template_causes(at: str, template: Manifest, restarts: Sequence[str]) -> Iterator[Cause]:
    """What is wrong with a pod template.

    Args:
        at: Where it is.
        template: The `PodTemplateSpec`.
        restarts: Restart policies that pods of this kind may have.
    """
    spec = template.get("spec") or {}
    yield from _spec_causes(f"{at}.spec", spec)
    restart = spec.get("restartPolicy", "Always")
    if restart in restarts:
        return
    if restart == "Always":
        allowed = ", ".join(f'"{policy}"' for policy in restarts)
        yield required(f"{at}.spec.restartPolicy", f"valid values: {allowed}")
    else:
        yield unsupported(f"{at}.spec.restartPolicy", restart, restarts)


def _spec_causes(at: str, spec: Manifest) -> Iterator[Cause]:
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}
    if not spec.get("containers"):
        yield required(f"{at}.containers")
    names: set[str] = set()
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or []):
            here = f"{at}.{field}[{index}]"
            yield from _container_causes(here, container, volumes)
            name = container.get("name", "")
            if name and name in names:
                yield duplicate(f"{here}.name", name)
            names.add(name)


def _container_causes(at: str, container: Manifest, volumes: set[str | None]) -> Iterator[Cause]:
    if container.get("name"):
        yield from label_causes(f"{at}.name", container["name"])
    if not container.get("image"):
        yield required(f"{at}.image")
    for index, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") and mount["name"] not in volumes:
            text = f'Not found: "{mount["name"]}"'
            yield Cause(f"{at}.volumeMounts[{index}].name", text, "FieldValueNotFound")
    resources = container.get("resources") or {}
    limits = resources.get("limits") or {}
    for name, amount in (resources.get("requests") or {}).items():
        if name in limits and parse_quantity(amount) > parse_quantity(limits[name]):
            text = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid(f"{at}.resources.requests", amount, text)
