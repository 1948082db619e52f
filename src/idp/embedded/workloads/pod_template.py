"""From a pod template to a Pod. Pure, but for the random part of a name."""

from __future__ import annotations

import copy
import secrets

from idp.embedded.workloads.pod_state import FINALIZER
from idp.kernel.manifest import digest, owner_reference
from idp.kernel.resource import Manifest
from idp.kernel.standard import POD

TEMPLATE_HASH = "pod-template-hash"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels: no word comes out by chance


def template_hash(template: Manifest, collisions: int = 0) -> str:
    """A short name of a template; `collisions` makes another one when the first is taken."""
    hexadecimal = digest([without_hash(template), collisions]).removeprefix("sha256:")
    value, letters = int(hexadecimal[:16], 16), ""
    for _ in range(10):
        value, index = divmod(value, len(_ALPHABET))
        letters += _ALPHABET[index]
    return letters


def without_hash(template: Manifest) -> Manifest:
    """The template as its author wrote it, to compare it with another."""
    result = copy.deepcopy(template)
    metadata = result.get("metadata") or {}
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != TEMPLATE_HASH}
    annotations = metadata.get("annotations") or {}
    result["metadata"] = {"labels": labels, "annotations": annotations}
    return result


def same_template(one: Manifest, other: Manifest) -> bool:
    """Whether two templates run the same thing."""
    return without_hash(one) == without_hash(other)


def random_suffix(length: int = 5) -> str:
    """The random end of a pod's name."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def pod_from_template(
    owner: Manifest, template: Manifest, *, labels: dict[str, str] | None = None
) -> Manifest:
    """A new Pod of `owner`, named `<owner>-<5 letters>`."""
    metadata = template.get("metadata") or {}
    name = owner["metadata"]["name"][:57].rstrip("-.")
    body: Manifest = {
        "name": f"{name}-{random_suffix()}",
        "namespace": owner["metadata"]["namespace"],
        "labels": {**(metadata.get("labels") or {}), **(labels or {})},
        "ownerReferences": [owner_reference(owner)],
        "finalizers": [FINALIZER],
    }
    if metadata.get("annotations"):
        body["annotations"] = dict(metadata["annotations"])
    return {
        "apiVersion": POD.api_version,
        "kind": POD.kind,
        "metadata": body,
        "spec": copy.deepcopy(template["spec"]),
    }
