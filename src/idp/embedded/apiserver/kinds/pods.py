"""Defaults of pods, and of everything with a pod template."""

from __future__ import annotations

from typing import Any

from idp.kernel.resource import Manifest

_VOLUME_MODES = ("secret", "configMap", "projected", "downwardAPI")


def default_pod_spec(spec: Manifest) -> None:
    """Set the defaults of `PodSpec`."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("securityContext", {})
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        default_container(container)
    for volume in spec.get("volumes") or []:
        _default_volume(volume)


def default_container(container: Manifest) -> None:
    """Set the defaults of one container."""
    image = str(container.get("image") or "")
    container.setdefault("imagePullPolicy", _pull_policy(image))
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("resources", {})
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            _default_probe(container[probe])
    for hook in (container.get("lifecycle") or {}).values():
        _default_handler(hook)
    for variable in container.get("env") or []:
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")


def default_requests(spec: Manifest) -> None:
    """In a pod (not in a template) a limit is also the request, where none is stated."""
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        if limits := container["resources"].get("limits"):
            requests = container["resources"].setdefault("requests", {})
            for name, amount in limits.items():
                requests.setdefault(name, amount)


def _pull_policy(image: str) -> str:
    if "@" in image:
        return "IfNotPresent"
    _, _, tag = image.rpartition("/")[2].partition(":")
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _default_probe(probe: Manifest) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    _default_handler(probe)


def _default_handler(handler: Any) -> None:
    if isinstance(handler, dict) and "httpGet" in handler:
        handler["httpGet"].setdefault("path", "/")
        handler["httpGet"].setdefault("scheme", "HTTP")
    if isinstance(handler, dict) and "grpc" in handler:
        handler["grpc"].setdefault("service", "")


def _default_volume(volume: Manifest) -> None:
    for source in _VOLUME_MODES:
        if source in volume:
            volume[source].setdefault("defaultMode", 0o644)
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    _default_downward(volume.get("downwardAPI") or {})
    for source in (volume.get("projected") or {}).get("sources") or []:
        _default_downward(source.get("downwardAPI") or {})
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)


def _default_downward(source: Manifest) -> None:
    for item in source.get("items") or []:
        if "fieldRef" in item:
            item["fieldRef"].setdefault("apiVersion", "v1")


def default_template(template: Manifest) -> None:
    """Set the defaults of a `PodTemplateSpec`."""
    default_pod_spec(template.setdefault("spec", {}))
