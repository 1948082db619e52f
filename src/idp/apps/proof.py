"""What is proved of a release, checked against pinned keys; the command line and the hub ask it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from idp.capabilities.promotion.decide.evidence import verifies
from idp.capabilities.promotion.decide.release_diff import Contents
from idp.kernel.errors import VerificationFailed
from idp.kernel.resource import Manifest
from idp.protocols.oci.ports import RegistryReader
from idp.protocols.signing.anchors import Trust
from idp.protocols.signing.attestations import Findings, VerifiedStatement, statements
from idp.protocols.signing.cosign import read_evidence
from idp.protocols.signing.predicates import (
    COSIGN_SIGNATURE,
    CYCLONEDX,
    SCAN,
    SLSA_PROVENANCE,
    VERIFIED,
    VSA,
)
from idp.protocols.signing.summary import read_summary
from idp.protocols.signing.threshold import Claim

_SIGNATURE, _UNLOGGED = "signature", "no"
NAMES = {
    SLSA_PROVENANCE: "provenance",
    CYCLONEDX: "bill of materials",
    SCAN: "scan",
    VERIFIED: "verified",
    VSA: "verification summary",
    COSIGN_SIGNATURE: _SIGNATURE,
}
OF_A_RELEASE = (_SIGNATURE,)
OF_AN_IMAGE = (_SIGNATURE, "provenance", "bill of materials", "scan")


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


async def proofs(
    registry: RegistryReader, subject: Subject, trust: Trust, origin: str
) -> list[dict[str, str]]:
    """Everything that claims to prove something of a subject, one row each.

    A proof that is needed and not there is a row, too: nothing is passed over in silence. Needed is
    what admission demands: the word of the environment that builds, and of attestations its log's.

    Args:
        registry: Where the subject is.
        subject: In question.
        trust: All who are trusted.
        origin: The environment that builds.
    """
    found = await read_evidence(registry, subject.repository, subject.digest, trust)
    rows = [*_verified(subject, found.statements), *_rejected(subject, found.statements)]
    rows += _signatures(subject, found.signatures)
    there = {row["proof"] for row in rows if _serves(row, origin)}
    rows += [
        _row(subject, name, "missing", reason=f"no valid one by {origin} is in the registry")
        for name in subject.needs
        if name not in there
    ]
    return rows


def _serves(row: Mapping[str, str], origin: str) -> bool:
    if row["result"] != "holds" or row["signer"] != origin:
        return False
    return row["proof"] == _SIGNATURE or row["logged"] != _UNLOGGED


def _verified(subject: Subject, found: Findings) -> list[dict[str, str]]:
    return [
        _row(
            subject,
            NAMES.get(statement.predicate_type, statement.predicate_type),
            "does not count" if (reason := _replayed(subject, statement)) else "holds",
            signer=statement.signer,
            logged=str(statement.logged.index) if statement.logged else _UNLOGGED,
            digest=statement.digest,
            reason=reason,
        )
        for statement in found.verified
        if statement.predicate_type != COSIGN_SIGNATURE
    ]


def _replayed(subject: Subject, statement: VerifiedStatement) -> str:
    """Why what somebody trusted signed is not about this subject, or not theirs to say."""
    told = statement.predicate
    try:
        if statement.predicate_type == VSA:
            read_summary(told, statement.signer, subject.repository, subject.digest)
    except VerificationFailed as error:
        return error.message
    if statement.predicate_type == VERIFIED and not verifies(
        told, statement.signer, subject.digest
    ):
        return f"{statement.signer} signed it about another environment or release"
    return ""


def _rejected(subject: Subject, found: Findings) -> list[dict[str, str]]:
    return [
        _row(subject, "?", "does not count", digest=rejected.digest, reason=rejected.reason)
        for rejected in found.rejected
    ]


def _signatures(subject: Subject, found: Iterable[Claim]) -> list[dict[str, str]]:
    """One row for each signer, in however many forms it signed."""
    signers = dict.fromkeys(one.signer for one in found if one.signer is not None)
    return [_row(subject, _SIGNATURE, "holds", signer=signer) for signer in signers]


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


async def contents(registry: RegistryReader, release: Manifest, trust: Trust) -> Contents:
    """A release with the evidence about its image that holds; what does not hold is left out."""
    _, image = subjects_of(release)
    found = await statements(registry, image.repository, image.digest, trust)
    told = {statement.predicate_type: statement.predicate for statement in found.verified}
    return Contents(
        release["spec"], told.get(CYCLONEDX, {}), told.get(SCAN, {}).get("scanners", [])
    )
