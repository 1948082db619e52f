"""SLSA Verification Summary v1: somebody looked at the evidence, so that others need not. Pure.

https://slsa.dev/spec/v1.0/verification_summary

An environment says it of an image that it verified. Rules for reading, after the signature and the
subject's digest (`statement`) were checked; they are the specification's "How to verify":
1. `verifier.id` names the environment whose key signed: nobody summarises in another's name.
2. `resourceUri` ends with the repository and the digest in question: a summary of another image, or
   of this one at another place, is a replay.
3. `verificationResult` is `PASSED`; `FAILED` vouches for nothing.
4. `timeVerified`, the policy's digest and the levels are there and whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp.kernel.clock import parse_timestamp
from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.statement import hex_of

SLSA_VERSION = "1.0"
PASSED = "PASSED"
_VERIFIER = "https://platform.idp/environments/"
_LEVEL = re.compile(r"^[A-Z][A-Z0-9_]{0,63}$")
_HEX = re.compile(r"^[0-9a-f]{64}$")
_MAX_LEVELS = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """What a verifier found.

    Attributes:
        environment: Who verified.
        resource: Address of the image, with its digest.
        time: When.
        policy: `sha256:<hex>` of the rules that it went by.
        inputs: `sha256:<hex>` of the attestations that it looked at.
        levels: What the image reaches, such as `SLSA_BUILD_LEVEL_1`.
    """

    environment: str
    resource: str
    time: datetime
    policy: str
    inputs: Sequence[str]
    levels: Sequence[str]


def build_level(level: int) -> str:
    """The specification's name of a SLSA Build level."""
    return f"SLSA_BUILD_LEVEL_{level}"


def summary_predicate(
    environment: str, image: str, time: str, policy: str, inputs: Sequence[str], level: int
) -> dict[str, Any]:
    """The predicate; the same facts, the same predicate.

    Args:
        environment: Who verified.
        image: `registry/namespace/name@sha256:<hex>`.
        time: When, RFC 3339.
        policy: `sha256:<hex>` of the rules.
        inputs: `sha256:<hex>` of the manifests of the attestations that were looked at, which are
            in the image's repository.
        level: SLSA Build level that the provenance reaches.
    """
    resource = f"oci://{image}"
    place = resource.partition("@")[0]
    return {
        "verifier": {"id": f"{_VERIFIER}{environment}"},
        "timeVerified": time,
        "resourceUri": resource,
        "policy": {
            "uri": f"{_VERIFIER}{environment}/policy",
            "digest": {"sha256": hex_of(policy)},
        },
        "inputAttestations": [
            {"uri": f"{place}@{digest}", "digest": {"sha256": hex_of(digest)}} for digest in inputs
        ],
        "verificationResult": PASSED,
        "verifiedLevels": [build_level(level)],
        "slsaVersion": SLSA_VERSION,
    }


def read_summary(
    predicate: Mapping[str, Any], signer: str, repository: str, digest: str
) -> Summary:
    """Read a summary whose signature and subject were checked.

    Args:
        predicate: Of the statement.
        signer: Whose key signed.
        repository: `namespace/name` of the image in question.
        digest: `sha256:<hex>` of its manifest.

    Raises:
        VerificationFailed: A rule is broken.
    """
    verifier = _at(predicate, "verifier", "id")
    if verifier != f"{_VERIFIER}{signer}":  # Rule 1
        raise VerificationFailed(f"{signer} signed a summary in the name of {verifier!r}")
    resource = predicate.get("resourceUri")
    if not isinstance(resource, str) or not resource.endswith(f"/{repository}@{digest}"):  # Rule 2
        raise VerificationFailed(
            f"the summary is about {resource!r}, not about {repository}@{digest}"
        )
    result = predicate.get("verificationResult")
    if result != PASSED:  # Rule 3
        raise VerificationFailed(f"{signer} states that verification gave {result!r}")
    inputs = predicate.get("inputAttestations") or []
    if not isinstance(inputs, list):
        raise VerificationFailed("the summary's inputAttestations are no list")
    return Summary(  # Rule 4
        signer,
        resource,
        _time(predicate.get("timeVerified")),
        _digest(predicate.get("policy"), "policy"),
        [_digest(one, "input attestation") for one in inputs],
        _levels(predicate.get("verifiedLevels")),
    )


def _at(body: object, *path: str) -> object:
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _time(text: object) -> datetime:
    try:
        moment = parse_timestamp(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise VerificationFailed(f"the summary's timeVerified is no time: {str(text)[:50]!r}")
    return moment


def _digest(body: object, what: str) -> str:
    found = _at(body, "digest", "sha256")
    if not isinstance(found, str) or _HEX.match(found) is None:
        raise VerificationFailed(f"the summary's {what} has no SHA-256 digest")
    return f"sha256:{found}"


def _levels(found: object) -> list[str]:
    if not isinstance(found, list) or not 1 <= len(found) <= _MAX_LEVELS:
        raise VerificationFailed(f"the summary must have 1 to {_MAX_LEVELS} verifiedLevels")
    if not all(isinstance(level, str) and _LEVEL.match(level) for level in found):
        raise VerificationFailed("a level of the summary is not in the specification's form")
    return found
