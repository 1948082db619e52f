"""Objects by name, and whose they are (Argo CD's tracking annotation). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from idp.kernel.resource import Manifest, ResourceType

TRACKING = "argocd.argoproj.io/tracking-id"
SYNC_WAVE = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
HOOK = "argocd.argoproj.io/hook"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One object; `namespace` is empty when the kind is cluster-scoped."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        kind = f"{self.group}/{self.kind}" if self.group else self.kind
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{kind} {where}"


def key_of(type: ResourceType, manifest: Manifest) -> Key:
    """The key of an object of a kind."""
    meta = manifest["metadata"]
    namespace = meta.get("namespace", "") if type.namespaced else ""
    return Key(type.group, type.kind, namespace, meta["name"])


def annotation(manifest: Manifest, name: str) -> str:
    """An annotation, empty when it is not set."""
    value: str = (manifest["metadata"].get("annotations") or {}).get(name, "")
    return value


def tracking_id(application: str, key: Key) -> str:
    """Argo CD's `<application>:<group>/<kind>:<namespace>/<name>`."""
    return f"{application}:{key.group}/{key.kind}:{key.namespace}/{key.name}"


def tracked(manifest: Manifest, application: str, key: Key) -> Manifest:
    """The object with the annotation that says whose it is."""
    meta = manifest["metadata"]
    annotations = {**(meta.get("annotations") or {}), TRACKING: tracking_id(application, key)}
    return {**manifest, "metadata": {**meta, "annotations": annotations}}


def owner(manifest: Manifest, key: Key) -> str | None:
    """The application that an object belongs to; None when it is nobody's.

    An annotation that names another object was copied together with the object's other
    annotations (a controller did so): it says nothing.
    """
    application, _, rest = annotation(manifest, TRACKING).partition(":")
    if not application or tracking_id(application, key) != f"{application}:{rest}":
        return None
    return application


def wave(manifest: Manifest) -> int:
    """Its sync wave; 0 when none is given (malformed ones are refused earlier)."""
    return int(annotation(manifest, SYNC_WAVE) or 0)


def options(manifest: Manifest) -> set[str]:
    """Its own sync options."""
    return {option.strip() for option in annotation(manifest, SYNC_OPTIONS).split(",") if option}
