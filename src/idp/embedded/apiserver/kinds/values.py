"""Rules for the values of single built-in kinds: what the real server answers 422 for."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from idp.embedded.apiserver.kinds.names import subdomain_causes
from idp.embedded.apiserver.kinds.pod_values import pod_causes, template_causes
from idp.embedded.apiserver.kinds.words import (
    invalid,
    negative,
    required,
    unsupported,
)
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

Rule = Callable[[Manifest], Iterator[Cause]]

_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def _config_map(manifest: Manifest) -> Iterator[Cause]:
    data, binary = manifest.get("data") or {}, manifest.get("binaryData") or {}
    for key in data:
        yield from _key_causes("data", key)
        if key in binary:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key in binary:
        yield from _key_causes("binaryData", key)


def _key_causes(field: str, key: str) -> Iterator[Cause]:
    at = f"{field}[{key}]"
    if len(key) > 253:
        yield invalid(at, key, "must be no more than 253 characters")
    if not _KEY.fullmatch(key):
        yield invalid(at, key, _KEY_RULE)
    elif key == ".":
        yield invalid(at, key, "must not be '.'")
    elif key.startswith(".."):
        yield invalid(at, key, "must not start with '..'")


_SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _secret(manifest: Manifest) -> Iterator[Cause]:
    data = manifest.get("data") or {}
    for key in data:
        yield from _key_causes("data", key)
    kind = manifest.get("type", "")
    for key in _SECRET_KEYS.get(kind, ()):
        if key not in data:
            yield required(f"data[{key}]")
        elif kind == "kubernetes.io/dockerconfigjson" and not _is_json(data[key]):
            yield invalid(f"data[{key}]", "<secret contents redacted>", "invalid JSON")


def _is_json(encoded: str) -> bool:
    try:
        orjson.loads(base64.b64decode(encoded))
    except (ValueError, binascii.Error):
        return False
    return True


_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


def _service(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    ports = spec.get("ports") or []
    kind = spec.get("type", "ClusterIP")
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    names: set[str] = set()
    for index, port in enumerate(ports):
        at = f"spec.ports[{index}]"
        name = port.get("name", "")
        if not name and len(ports) > 1:
            yield required(f"{at}.name")
        elif name in names:
            yield Cause(f"{at}.name", f'Duplicate value: "{name}"', "FieldValueDuplicate")
        names.add(name or f"#{index}")
        yield from port_causes(f"{at}.port", port.get("port", 0))
        target = port.get("targetPort")
        if isinstance(target, int) and port.get("port") is not None:
            yield from port_causes(f"{at}.targetPort", target)
    if kind not in _SERVICE_TYPES:
        yield unsupported("spec.type", kind, _SERVICE_TYPES)


def port_causes(field: str, number: int) -> Iterator[Cause]:
    """What is wrong with the number of a port."""
    if not 1 <= number <= 65535:
        yield Cause(field, f"Invalid value: {number}: must be between 1 and 65535, inclusive")


def _claim(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    if "storage" not in ((spec.get("resources") or {}).get("requests") or {}):
        yield required("spec.resources[storage]")


def _lease(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        yield invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")


def _autoscaler(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if least < 1:
        text = f"Invalid value: {least}: must be greater than or equal to 1"
        yield Cause("spec.minReplicas", text)
    if most < 1:
        yield Cause("spec.maxReplicas", f"Invalid value: {most}: must be greater than 0")
    if most < least:
        text = f"Invalid value: {most}: must be greater than or equal to `minReplicas`"
        yield Cause("spec.maxReplicas", text)


def _budget(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    if "minAvailable" in spec and "maxUnavailable" in spec:
        shown = _go_budget(spec)
        text = "minAvailable and maxUnavailable cannot be both set"
        yield Cause("spec", f"Invalid value: {shown}: {text}")


def _go_budget(spec: Manifest) -> str:
    return orjson.dumps(spec).decode()


def _workload(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    yield from negative("spec.replicas", spec.get("replicas", 0))
    yield from template_causes("spec.template", spec.get("template") or {}, ("Always",))


def _job(manifest: Manifest) -> Iterator[Cause]:
    template = (manifest.get("spec") or {}).get("template") or {}
    yield from template_causes("spec.template", template, ("OnFailure", "Never"))


_MACROS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}


def _cron_job(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    schedule = spec.get("schedule", "")
    fields = schedule.split()
    if not schedule:
        yield required("spec.schedule")
    elif schedule not in _MACROS and not schedule.startswith("@every ") and len(fields) != 5:
        text = f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
        yield invalid("spec.schedule", schedule, text)
    template = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}
    at = "spec.jobTemplate.spec.template"
    yield from template_causes(at, template, ("OnFailure", "Never"))


def _ingress(manifest: Manifest) -> Iterator[Cause]:
    spec = manifest.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    for index, rule in enumerate(spec.get("rules") or []):
        at = f"spec.rules[{index}]"
        host = rule.get("host", "")
        if host and not host.startswith("*."):
            yield from subdomain_causes(f"{at}.host", host)
        for place, path in enumerate((rule.get("http") or {}).get("paths") or []):
            if path.get("pathType") in ("Prefix", "Exact") and not str(
                path.get("path", "")
            ).startswith("/"):
                field = f"{at}.http.paths[{place}].path"
                yield invalid(field, path.get("path", ""), "must be an absolute path")


_RULES: dict[str, Rule] = {
    "/configmaps": _config_map,
    "/secrets": _secret,
    "/services": _service,
    "/pods": pod_causes,
    "/persistentvolumeclaims": _claim,
    "apps/deployments": _workload,
    "apps/replicasets": _workload,
    "apps/statefulsets": _workload,
    "apps/daemonsets": _workload,
    "batch/jobs": _job,
    "batch/cronjobs": _cron_job,
    "coordination.k8s.io/leases": _lease,
    "autoscaling/horizontalpodautoscalers": _autoscaler,
    "policy/poddisruptionbudgets": _budget,
    "networking.k8s.io/ingresses": _ingress,
}


def value_causes(resource: str, manifest: Manifest) -> Iterator[Cause]:
    """What is wrong with the values of an object of a resource (`group/plural`)."""
    rule: Any = _RULES.get(resource)
    if rule is not None:
        yield from rule(manifest)
