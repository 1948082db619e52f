"""The StorageClass that a PersistentVolumeClaim gets when it names none. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from idp.kernel.resource import Manifest

_DEFAULT = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_FORMER_NAME = "volume.beta.kubernetes.io/storage-class"


def set_storage_class(claim: Manifest, classes: Iterable[Manifest]) -> None:
    """Give a new claim the default class, in place, unless it names one (or, with `""`, none).

    Of several default classes the newest counts, then the first by name, as on a cluster.
    """
    annotations = claim["metadata"].get("annotations") or {}
    if "storageClassName" in claim["spec"] or _FORMER_NAME in annotations:
        return
    defaults = sorted(_defaults(classes))
    if defaults:
        newest = max(created for created, _ in defaults)
        claim["spec"]["storageClassName"] = next(n for c, n in defaults if c == newest)


def _defaults(classes: Iterable[Manifest]) -> Iterable[tuple[str, str]]:
    for item in classes:
        metadata = item["metadata"]
        annotations = metadata.get("annotations") or {}
        if any(annotations.get(name) == "true" for name in _DEFAULT):
            yield metadata.get("creationTimestamp", ""), metadata["name"]
