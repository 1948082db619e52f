"""What a Pod may not ask for on one machine, by the field's path. Pure.

Three lists decide about every field of a pod: those acted on, those without meaning on one machine
(where a pod is scheduled, which service account it has) and accepted without effect, and the rest,
which is refused. A field that is in none of the first two is therefore never silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from idp.kernel.resource import Manifest


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_POD_FIELDS = _names(
    # acted on
    "containers initContainers volumes restartPolicy terminationGracePeriodSeconds"
    " activeDeadlineSeconds securityContext hostname"
    # without meaning on one machine
    " serviceAccountName serviceAccount automountServiceAccountToken nodeSelector affinity"
    " tolerations topologySpreadConstraints priorityClassName priority preemptionPolicy"
    " schedulerName dnsPolicy enableServiceLinks imagePullSecrets nodeName subdomain"
)
_CONTAINER_FIELDS = _names(
    "name image command args workingDir ports env envFrom resources volumeMounts livenessProbe"
    " readinessProbe startupProbe lifecycle securityContext imagePullPolicy"
    " terminationMessagePath terminationMessagePolicy"
)
_VOLUME_FIELDS = _names("name emptyDir configMap secret projected downwardAPI")
_PROJECTED_FIELDS = _names("configMap secret downwardAPI")
_MOUNT_FIELDS = _names("name mountPath readOnly subPath")
_PROBE_FIELDS = _names(
    "httpGet tcpSocket exec initialDelaySeconds periodSeconds timeoutSeconds successThreshold"
    " failureThreshold"
)
_PRE_STOP_FIELDS = _names("exec sleep httpGet")
_ENV_SOURCES = _names("fieldRef configMapKeyRef secretKeyRef")
_LIMITS = _names("cpu memory ephemeral-storage")
_POD_SECURITY = _names("runAsUser runAsGroup runAsNonRoot fsGroup seccompProfile")
_CONTAINER_SECURITY = _names(
    "runAsUser runAsGroup runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation"
    " capabilities privileged seccompProfile"
)
_DEFAULTS: Mapping[str, Any] = {
    "hostNetwork": False,
    "hostPID": False,
    "hostIPC": False,
    "shareProcessNamespace": False,
    "hostUsers": False,
    "setHostnameAsFQDN": False,
    "stdin": False,
    "stdinOnce": False,
    "tty": False,
    "fsGroupChangePolicy": "Always",
    "procMount": "Default",
    "mountPropagation": "None",
    "recursiveReadOnly": "Disabled",
}
"""Fields that are refused only when they ask for something else than what is the case anyway."""


def refusals(pod: Manifest) -> list[str]:
    """Paths of the fields that ask for what the engine does not do; empty when there are none."""
    return list(_pod(pod["spec"]))


def _pod(spec: Manifest) -> Iterator[str]:
    yield from _unknown("spec", spec, _POD_FIELDS)
    yield from _security("spec.securityContext", spec.get("securityContext"), _POD_SECURITY)
    for index, volume in enumerate(spec.get("volumes") or []):
        yield from _volume(f"spec.volumes[{index}]", volume)
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or []):
            yield from _container(f"spec.{field}[{index}]", container)


def _container(path: str, container: Manifest) -> Iterator[str]:
    yield from _unknown(path, container, _CONTAINER_FIELDS)
    security = container.get("securityContext")
    yield from _security(f"{path}.securityContext", security, _CONTAINER_SECURITY)
    resources = container.get("resources") or {}
    yield from _unknown(f"{path}.resources", resources, frozenset({"limits", "requests"}))
    yield from _unknown(f"{path}.resources.limits", resources.get("limits") or {}, _LIMITS)
    for index, mount in enumerate(container.get("volumeMounts") or []):
        yield from _unknown(f"{path}.volumeMounts[{index}]", mount, _MOUNT_FIELDS)
    for index, variable in enumerate(container.get("env") or []):
        source = f"{path}.env[{index}].valueFrom"
        yield from _unknown(source, variable.get("valueFrom") or {}, _ENV_SOURCES)
    for index, port in enumerate(container.get("ports") or []):
        if port.get("hostPort"):
            yield f"{path}.ports[{index}].hostPort"
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield from _unknown(f"{path}.{name}", container.get(name) or {}, _PROBE_FIELDS)
    lifecycle = container.get("lifecycle") or {}
    yield from _unknown(f"{path}.lifecycle", lifecycle, frozenset({"preStop"}))
    pre_stop = lifecycle.get("preStop") or {}
    yield from _unknown(f"{path}.lifecycle.preStop", pre_stop, _PRE_STOP_FIELDS)


def _security(path: str, context: Manifest | None, known: frozenset[str]) -> Iterator[str]:
    context = context or {}
    yield from _unknown(path, context, known)
    if context.get("privileged"):
        yield f"{path}.privileged"
    if context.get("allowPrivilegeEscalation"):
        yield f"{path}.allowPrivilegeEscalation"
    if (context.get("capabilities") or {}).get("add"):
        yield f"{path}.capabilities.add"
    if (context.get("seccompProfile") or {}).get("type", "RuntimeDefault") == "Localhost":
        yield f"{path}.seccompProfile.type=Localhost"


def _volume(path: str, volume: Manifest) -> Iterator[str]:
    yield from _unknown(path, volume, _VOLUME_FIELDS)
    for index, source in enumerate((volume.get("projected") or {}).get("sources") or []):
        yield from _unknown(f"{path}.projected.sources[{index}]", source, _PROJECTED_FIELDS)


def _unknown(path: str, given: Manifest, known: frozenset[str]) -> Iterator[str]:
    for field, value in given.items():
        nothing = value is None or value == [] or value == {}
        if field not in known and not nothing and value != _DEFAULTS.get(field, ...):
            yield f"{path}.{field}"
