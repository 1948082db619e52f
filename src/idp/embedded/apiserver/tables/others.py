"""Cells of services, storage, access and the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from idp.embedded.apiserver.tables.ages import age
from idp.embedded.apiserver.tables.workloads import selector_text
from idp.kernel.resource import Manifest


def _name(manifest: Manifest) -> str:
    return str(manifest["metadata"]["name"])


def _age(manifest: Manifest, now: datetime) -> str:
    return age(manifest["metadata"].get("creationTimestamp"), now)


def named(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME AGE."""
    return [_name(manifest), _age(manifest, now)]


def created(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME CREATED-AT."""
    return [_name(manifest), manifest["metadata"].get("creationTimestamp")]


def namespace(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME STATUS AGE."""
    phase = (manifest.get("status") or {}).get("phase", "")
    return [_name(manifest), phase, _age(manifest, now)]


def config_map(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME DATA AGE."""
    count = len(manifest.get("data") or {}) + len(manifest.get("binaryData") or {})
    return [_name(manifest), count, _age(manifest, now)]


def secret(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME TYPE DATA AGE."""
    data = len(manifest.get("data") or {})
    return [_name(manifest), manifest.get("type", ""), data, _age(manifest, now)]


def service_account(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME SECRETS AGE."""
    return [_name(manifest), len(manifest.get("secrets") or []), _age(manifest, now)]


def service(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME TYPE CLUSTER-IP EXTERNAL-IP PORTS AGE SELECTOR."""
    spec = manifest.get("spec") or {}
    external = ",".join(spec.get("externalIPs") or []) or spec.get("externalName") or "<none>"
    ports = [
        f"{p.get('port')}:{p['nodePort']}/{p.get('protocol', 'TCP')}"
        if p.get("nodePort")
        else f"{p.get('port')}/{p.get('protocol', 'TCP')}"
        for p in spec.get("ports") or []
    ]
    return [
        _name(manifest),
        spec.get("type", ""),
        spec.get("clusterIP") or "<none>",
        external,
        ",".join(ports) or "<none>",
        _age(manifest, now),
        selector_text(spec.get("selector")),
    ]


def endpoints(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME ENDPOINTS AGE."""
    places = [
        f"{address.get('ip')}:{port['port']}"
        for subset in manifest.get("subsets") or []
        for port in subset.get("ports") or []
        for address in subset.get("addresses") or []
    ]
    return [_name(manifest), _shortened(places), _age(manifest, now)]


def _shortened(places: list[str]) -> str:
    if not places:
        return "<none>"
    more = f" + {len(places) - 3} more..." if len(places) > 3 else ""
    return ",".join(places[:3]) + more


def endpoint_slice(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME ADDRESSTYPE PORTS ENDPOINTS AGE."""
    ports = [str(p.get("port", "*")) for p in manifest.get("ports") or []]
    addresses = [a for e in manifest.get("endpoints") or [] for a in e.get("addresses") or []]
    return [
        _name(manifest),
        manifest.get("addressType", ""),
        ",".join(ports) or "<unset>",
        _shortened(addresses).replace("<none>", "<unset>"),
        _age(manifest, now),
    ]


def event(manifest: Manifest, now: datetime) -> list[Any]:
    """LAST-SEEN TYPE REASON OBJECT SUBOBJECT SOURCE MESSAGE FIRST-SEEN COUNT NAME."""
    about = manifest.get("involvedObject") or {}
    series = manifest.get("series") or {}
    first = manifest.get("firstTimestamp") or manifest.get("eventTime")
    last = series.get("lastObservedTime") or manifest.get("lastTimestamp") or first
    source = manifest.get("source") or {}
    parts = [source.get("component") or manifest.get("reportingComponent"), source.get("host")]
    return [
        age(last, now),
        manifest.get("type", ""),
        manifest.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(part for part in parts if part),
        str(manifest.get("message", "")).strip(),
        age(first, now),
        series.get("count") or manifest.get("count") or 1,
        _name(manifest),
    ]


def claim(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME STATUS VOLUME CAPACITY ACCESS-MODES STORAGECLASS VOLUMEATTRIBUTESCLASS AGE MODE."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    phase = status.get("phase") or "Pending"
    if "deletionTimestamp" in manifest["metadata"]:
        phase = "Terminating"
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX"}
    modes = [short.get(mode, mode) for mode in status.get("accessModes") or []]
    return [
        _name(manifest),
        phase,
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", ""),
        ",".join(modes),
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>",
        _age(manifest, now),
        spec.get("volumeMode") or "<unset>",
    ]


def ingress(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME CLASS HOSTS ADDRESS PORTS AGE."""
    spec = manifest.get("spec") or {}
    hosts = [r["host"] for r in spec.get("rules") or [] if r.get("host")]
    balancer = ((manifest.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    addresses = [a for i in balancer if (a := i.get("ip") or i.get("hostname"))]
    return [
        _name(manifest),
        spec.get("ingressClassName") or "<none>",
        ",".join(hosts) or "*",
        ",".join(addresses),
        "80, 443" if spec.get("tls") else "80",
        _age(manifest, now),
    ]


def network_policy(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME POD-SELECTOR AGE."""
    selector = selector_text((manifest.get("spec") or {}).get("podSelector"))
    return [_name(manifest), selector, _age(manifest, now)]


def disruption_budget(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME MIN-AVAILABLE MAX-UNAVAILABLE ALLOWED-DISRUPTIONS AGE."""
    spec = manifest.get("spec") or {}
    allowed = (manifest.get("status") or {}).get("disruptionsAllowed", 0)
    minimum = str(spec.get("minAvailable", "N/A"))
    return [
        _name(manifest),
        minimum,
        str(spec.get("maxUnavailable", "N/A")),
        allowed,
        _age(manifest, now),
    ]


def autoscaler(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    return [
        _name(manifest),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        f"{len(spec.get('metrics') or [])} metrics",
        str(spec.get("minReplicas", "<unset>")),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        _age(manifest, now),
    ]


def binding(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS."""
    role = manifest.get("roleRef") or {}
    by_kind: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in manifest.get("subjects") or []:
        name = str(subject.get("name"))
        if subject.get("kind") == "ServiceAccount":
            name = f"{subject.get('namespace', '')}/{name}"
        by_kind.setdefault(str(subject.get("kind")), []).append(name)
    return [
        _name(manifest),
        f"{role.get('kind', '')}/{role.get('name', '')}",
        _age(manifest, now),
        ", ".join(by_kind["User"]),
        ", ".join(by_kind["Group"]),
        ", ".join(by_kind["ServiceAccount"]),
    ]


def lease(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME HOLDER AGE."""
    holder = (manifest.get("spec") or {}).get("holderIdentity", "")
    return [_name(manifest), holder, _age(manifest, now)]


def admission_policy(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME VALIDATIONS PARAMKIND AGE."""
    spec = manifest.get("spec") or {}
    kind = spec.get("paramKind")
    shown = f"{kind.get('apiVersion')}/{kind.get('kind')}" if kind else "<unset>"
    return [_name(manifest), len(spec.get("validations") or []), shown, _age(manifest, now)]


def admission_binding(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME POLICYNAME PARAMREF AGE."""
    spec = manifest.get("spec") or {}
    reference = spec.get("paramRef")
    shown = "<unset>"
    if reference:
        shown = f"{reference.get('namespace', '*')}/{reference.get('name', '*')}"
    return [_name(manifest), spec.get("policyName", ""), shown, _age(manifest, now)]


def signing_request(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME AGE SIGNERNAME REQUESTOR CONDITION."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    conditions = [c["type"] for c in status.get("conditions") or []] or ["Pending"]
    if status.get("certificate"):
        conditions.append("Issued")
    return [
        _name(manifest),
        _age(manifest, now),
        spec.get("signerName", ""),
        spec.get("username", ""),
        ",".join(conditions),
    ]


def priority_class(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME VALUE GLOBAL-DEFAULT AGE."""
    default = str(bool(manifest.get("globalDefault"))).lower()
    return [_name(manifest), manifest.get("value", 0), default, _age(manifest, now)]


def storage_class(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE."""
    return [
        _name(manifest),
        manifest.get("provisioner", ""),
        manifest.get("reclaimPolicy", ""),
        manifest.get("volumeBindingMode", ""),
        bool(manifest.get("allowVolumeExpansion")),
        _age(manifest, now),
    ]
