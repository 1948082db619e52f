"""What is proved of a release, read from the registry and checked against the pinned keys."""

from __future__ import annotations

from dataclasses import dataclass

from idp.apps.cli.connection import Platform
from idp.apps.platform.pins import read_pins
from idp.capabilities.promotion.decide.release_diff import Contents
from idp.capabilities.promotion.kinds import Release
from idp.kernel.capability import Remote
from idp.kernel.errors import NotFound, VerificationFailed
from idp.kernel.resource import Manifest
from idp.kernel.trust import Keys
from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.ports import Registry
from idp.protocols.signing.anchors import Trust
from idp.protocols.signing.attestations import Findings, statements
from idp.protocols.signing.cosign import verify_digest
from idp.protocols.signing.predicates import (
    COSIGN_SIGNATURE,
    CYCLONEDX,
    SCAN,
    SLSA_PROVENANCE,
    VERIFIED,
)

NAMES = {
    SLSA_PROVENANCE: "provenance",
    CYCLONEDX: "bill of materials",
    SCAN: "scan",
    VERIFIED: "verified",
    COSIGN_SIGNATURE: "signature",
}
OF_A_RELEASE = ("signature",)
OF_AN_IMAGE = ("signature", "provenance", "bill of materials", "scan")


@dataclass(frozen=True, slots=True)
class Subject:
    """An artifact that people vouch for.

    Attributes:
        what: `release` or `image`.
        repository: `namespace/name`.
        digest: Of its manifest.
        needs: Names of the proofs without which no environment admits it.
    """

    what: str
    repository: str
    digest: str
    needs: tuple[str, ...]


def subjects_of(release: Manifest) -> list[Subject]:
    """The release itself and its image."""
    spec = release["spec"]
    image = spec["image"].rpartition("@")[2]
    return [
        Subject("release", spec["repository"], spec["digest"], OF_A_RELEASE),
        Subject("image", spec["repository"], image, OF_AN_IMAGE),
    ]


def trusted_keys(platform: Platform, environment: str) -> Keys:
    """Environment -> the keys that an instance has pinned for it.

    Raises:
        NotFound: There is no such environment.
    """
    if environment in platform.settings.instances:
        return read_pins(platform.layout.instance(environment).trusted_keys)
    raise NotFound(
        f"there is no environment {environment!r}",
        remedy=f"The environments are {', '.join(platform.environments)}.",
    )


def registry_of(platform: Platform) -> HttpRegistry:
    """The registry, as who is signed in."""
    assert platform.session is not None
    session = platform.session
    return HttpRegistry(Remote(platform.settings.hub_url, session.user, session.token))


async def find_release(
    platform: Platform, environment: str, namespace: str, name: str, version: str | None
) -> Manifest:
    """The newest release of an application that an instance knows, or one by its version.

    Raises:
        NotFound: It knows none.
    """
    listed = (await platform.instance(environment).list(Release.type(), namespace)).items
    found = [
        release
        for release in listed
        if release["spec"]["application"] == name and version in (None, release["spec"]["version"])
    ]
    if not found:
        raise NotFound(
            f"{environment} knows no release {version or ''} of {name}".replace("  ", " "),
            remedy=f"`idp-cli release list {name} -n {namespace} -e {environment}` shows what it "
            "knows.",
        )
    return max(found, key=lambda release: release["spec"]["source"]["count"])


async def contents_of(platform: Platform, environment: str, release: Manifest) -> Contents:
    """A release with the evidence about its image that holds; what does not hold is left out."""
    _, image = subjects_of(release)
    keys = trusted_keys(platform, environment)
    async with registry_of(platform) as registry:
        found = await statements(registry, image.repository, image.digest, keys)
    told = {statement.predicate_type: statement.predicate for statement in found.verified}
    return Contents(
        release["spec"], told.get(CYCLONEDX, {}), told.get(SCAN, {}).get("scanners", [])
    )


async def proofs(registry: Registry, subject: Subject, keys: Trust) -> list[dict[str, str]]:
    """Everything that claims to prove something of a subject, one row each.

    A proof that is needed and not there is a row, too: nothing is passed over in silence.
    """
    found = await statements(registry, subject.repository, subject.digest, keys)
    rows = [*_verified(subject, found), *_rejected(subject, found)]
    rows += await _signature(registry, subject, keys)
    there = {row["proof"] for row in rows if row["result"] == "holds"}
    rows += [
        _row(subject, name, "missing", reason="no valid one is in the registry")
        for name in subject.needs
        if name not in there
    ]
    return rows


def _verified(subject: Subject, found: Findings) -> list[dict[str, str]]:
    return [
        _row(
            subject,
            NAMES.get(statement.predicate_type, statement.predicate_type),
            "holds",
            signer=statement.signer,
            logged=str(statement.logged.index) if statement.logged else "no",
            digest=statement.digest,
        )
        for statement in found.verified
        if statement.predicate_type != COSIGN_SIGNATURE
    ]


def _rejected(subject: Subject, found: Findings) -> list[dict[str, str]]:
    return [
        _row(subject, "?", "does not count", digest=rejected.digest, reason=rejected.reason)
        for rejected in found.rejected
    ]


async def _signature(registry: Registry, subject: Subject, keys: Trust) -> list[dict[str, str]]:
    try:
        signer = await verify_digest(registry, subject.repository, subject.digest, keys)
    except VerificationFailed:
        return []
    return [_row(subject, "signature", "holds", signer=signer)]


def _row(
    subject: Subject,
    proof: str,
    result: str,
    *,
    signer: str = "",
    logged: str = "",
    digest: str = "",
    reason: str = "",
) -> dict[str, str]:
    return {
        "subject": subject.what,
        "subjectDigest": subject.digest,
        "proof": proof,
        "result": result,
        "signer": signer,
        "logged": logged,
        "digest": digest,
        "reason": reason,
    }
