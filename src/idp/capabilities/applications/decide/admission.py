"""Whether the image may run here. Pure.

An image is admitted when a Release of the same namespace and application holds exactly its digest
and the instance has stated `Admitted` on it. Names and tags prove nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.applications.kinds import WebApplication
from idp.kernel import conditions
from idp.kernel.resource import Condition, Manifest


def admitted(application: WebApplication, releases: Sequence[Manifest] | None) -> Condition:
    """The condition `Admitted`; `releases` None means that this instance demands no release."""
    image = application.spec.image
    if releases is None:
        return conditions.true("Admitted", "NotDemanded", "This instance runs images unchecked.")
    if image is None:
        return conditions.true("Admitted", "NoImage", "There is no image to admit.")
    digest = image.rpartition("@")[2]
    matching = [r for r in releases if _is_release_of(r, application.name, digest)]
    for release in matching:
        if conditions.is_true(release, "Admitted"):
            name = release["metadata"]["name"]
            return conditions.true("Admitted", "Released", f"The image is that of release {name}.")
    if matching:
        return _not_yet(matching[0])
    return conditions.false(
        "Admitted",
        "NoRelease",
        f"No release of {application.name} holds the image {digest}; what runs stays as it is.",
        remedy="Push the change, or promote a release: "
        f"idp-cli release list {application.name} --namespace {application.namespace}",
    )


def _is_release_of(release: Manifest, application: str, digest: str) -> bool:
    spec = release.get("spec") or {}
    image = str(spec.get("image") or "")
    return spec.get("application") == application and image.rpartition("@")[2] == digest


def _not_yet(release: Manifest) -> Condition:
    name = release["metadata"]["name"]
    condition = conditions.condition_of(release, "Admitted") or {}
    why = condition.get("message") or "it has not been checked yet"
    return conditions.false(
        "Admitted",
        condition.get("reason") or "ReleaseUnchecked",
        f"Release {name} is not admitted: {why}; what runs stays as it is.",
        remedy=condition.get("remedy") or f"idp-cli release show {name}",
    )
