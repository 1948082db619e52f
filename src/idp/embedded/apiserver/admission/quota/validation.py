"""Whether a ResourceQuota may be stored: what its schema does not say. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from idp.embedded.apiserver.admission.amounts import Amount
from idp.embedded.apiserver.admission.quota.scopes import SCOPES, scopes_of
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_COUNTS = frozenset(
    {
        *("configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers"),
        *("resourcequotas", "secrets", "services"),
        *("services.loadbalancers", "services.nodeports"),
    }
)
_OF_PODS = frozenset(
    {"pods", *_COMPUTE, *(f"{side}.{n}" for side in ("requests", "limits") for n in _COMPUTE)}
)
_STANDARD = _COUNTS | _OF_PODS | {"requests.storage"}
_OPPOSITES = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_ONLY_PODS = frozenset({"pods"})
"""All that a quota of pods which ask for nothing can count."""


def quota_causes(quota: Manifest) -> Iterator[Cause]:
    """What is wrong with a ResourceQuota."""
    spec = quota.get("spec") or {}
    hard = spec.get("hard") or {}
    for name, quantity in sorted(hard.items()):
        yield from _name_causes(name)
        yield from _amount_causes(name, quantity)
    yield from _scope_causes(spec, set(hard))


def _name_causes(name: str) -> Iterator[Cause]:
    if name in _STANDARD or "/" in name or name.startswith(("requests.", "hugepages-")):
        return
    at, shown = f"spec.hard[{name}]", f'Invalid value: "{name}"'
    yield Cause(at, f"{shown}: must be a standard resource type or fully qualified")
    yield Cause(at, f"{shown}: must be a standard resource for quota")


def _amount_causes(name: str, quantity: object) -> Iterator[Cause]:
    try:
        amount = Amount.of(quantity)
    except ValueError as error:
        yield Cause(f"spec.hard[{name}]", f'Invalid value: "{quantity}": {error}')
        return
    if amount.value < 0:
        text = f'Invalid value: "{amount}": must be greater than or equal to 0'
        yield Cause(f"spec.hard[{name}]", text)
    if (name in _COUNTS or name.startswith("count/")) and amount.value % 1:
        yield Cause(f"spec.hard[{name}]", f'Invalid value: "{amount}": must be an integer')


def _scope_causes(spec: Manifest, hard: set[str]) -> Iterator[Cause]:
    names = [name for name, _ in scopes_of(spec)]
    if not names:
        return
    at = "spec.scopes" if spec.get("scopes") else "spec.scopeSelector.matchExpressions"
    shown = f"Invalid value: {orjson.dumps(names).decode()}"
    for name in names:
        if name not in SCOPES:
            yield Cause(at, f"{shown}: unsupported scope")
        elif not hard <= _countable(name):
            yield Cause(at, f"{shown}: unsupported scope applied to resource")
    for pair in _OPPOSITES:
        if set(pair) <= set(names):
            yield Cause(at, f"{shown}: conflicting scopes")


def _countable(scope: str) -> frozenset[str]:
    """What a quota of a scope can count."""
    if scope == "BestEffort":
        return _ONLY_PODS
    if scope == "VolumeAttributesClass":
        return frozenset({"persistentvolumeclaims", "requests.storage"})
    return _OF_PODS
