"""What is proved of a release, checked against pinned keys; the command line and the hub ask it."""

from __future__ import annotations

from dataclasses import dataclass

from idp.capabilities.promotion.decide.release_diff import Contents
from idp.kernel.errors import VerificationFailed
from idp.kernel.resource import Manifest
from idp.protocols.oci.ports import RegistryReader
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


async def proofs(registry: RegistryReader, subject: Subject, keys: Trust) -> list[dict[str, str]]:
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


async def _signature(
    registry: RegistryReader, subject: Subject, keys: Trust
) -> list[dict[str, str]]:
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


async def contents(registry: RegistryReader, release: Manifest, keys: Trust) -> Contents:
    """A release with the evidence about its image that holds; what does not hold is left out."""
    _, image = subjects_of(release)
    found = await statements(registry, image.repository, image.digest, keys)
    told = {statement.predicate_type: statement.predicate for statement in found.verified}
    return Contents(
        release["spec"], told.get(CYCLONEDX, {}), told.get(SCAN, {}).get("scanners", [])
    )
