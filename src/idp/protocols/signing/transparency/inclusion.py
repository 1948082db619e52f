"""The proof that an attestation is in a log, as it travels in a Sigstore bundle. Pure.

One element of `verificationMaterial.tlogEntries`
(https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_rekor.proto, in protobuf's
JSON form). The log is the signer's own and signs with the same key: whoever pinned the key can
check both, and the log cannot show one history to one reader and another to the next without
signing two checkpoints that contradict each other.

Rules for verifying:
1. The element has the fields of that form and names the log of the key.
2. The entry is a `dsse` entry of exactly this envelope and key.
3. The checkpoint is signed by the key, and its size and root are those of the proof.
4. The proof leads from the entry to the root.
5. When there is an inclusion promise, the key signed it over entry, place, log and time ("signed
   entry timestamp"). Only then is the time proved: the checkpoint does not say it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.kernel.capability import Signer
from idp.kernel.errors import VerificationFailed
from idp.protocols.signing import strict_json
from idp.protocols.signing.keys import verify_signature
from idp.protocols.signing.transparency import entry as entries
from idp.protocols.signing.transparency.checkpoint import (
    Checkpoint,
    log_id,
    sign_checkpoint,
    verify_checkpoint,
)
from idp.protocols.signing.transparency.merkle import (
    HASH_BYTES,
    MerkleTree,
    leaf_hash,
    verify_inclusion,
)

MAX_HASHES = 64


class AnotherLog(VerificationFailed):
    """A log entry that is not of the log in question."""


@dataclass(frozen=True, slots=True)
class Logged:
    """Where an attestation stands in a log.

    Attributes:
        index: Its place, from zero.
        checkpoint: State of the log that the proof was made for.
        seconds: When the log took it in, since 1970.
        promised: Whether the log signed that time.
    """

    index: int
    checkpoint: Checkpoint
    seconds: int
    promised: bool = False


def encode_inclusion(
    signer: Signer, origin: str, tree: MerkleTree, index: int, entry: bytes, seconds: int
) -> dict[str, Any]:
    """The proof for an entry, made for the log as it was right after the entry came in.

    So the same entry has the same proof, however much the log has grown.

    Args:
        signer: Key of the log.
        origin: Name of the log.
        tree: The log's tree.
        index: Place of the entry.
        entry: Its bytes.
        seconds: When it came in, since 1970.
    """
    size = index + 1
    root = tree.root(size)
    identity = log_id(signer.public_key)
    promise = signer.sign(_promised(entry, index, seconds, identity))
    return {
        "logIndex": str(index),
        "logId": {"keyId": base64.b64encode(identity).decode()},
        "kindVersion": {"kind": entries.KIND, "version": entries.VERSION},
        "integratedTime": str(seconds),
        "inclusionPromise": {"signedEntryTimestamp": base64.b64encode(promise).decode()},
        "inclusionProof": {
            "logIndex": str(index),
            "rootHash": base64.b64encode(root).decode(),
            "treeSize": str(size),
            "hashes": [base64.b64encode(node).decode() for node in tree.inclusion(index, size)],
            "checkpoint": {"envelope": sign_checkpoint(signer, Checkpoint(origin, size, root))},
        },
        "canonicalizedBody": base64.b64encode(entry).decode(),
    }


def verify_logged(
    element: object,
    envelope: Mapping[str, Any],
    origin: str,
    public_key: str,
    verifier: str | None = None,
) -> Logged:
    """Check one element of `tlogEntries`.

    Args:
        element: As strict JSON gave it.
        envelope: The DSSE envelope beside it.
        origin: Name of the log.
        public_key: PEM text of the log's pinned key.
        verifier: PEM text of the key or certificate that signed the envelope; None for the log's.

    Raises:
        VerificationFailed: A rule is broken.
    """
    try:
        assert isinstance(element, dict)
        proof = element["inclusionProof"]
        index, seconds = int(element["logIndex"]), int(element["integratedTime"])
        identity = _decode(element["logId"]["keyId"])
        entry = _decode(element["canonicalizedBody"])
        size, place, root = int(proof["treeSize"]), int(proof["logIndex"]), proof["rootHash"]
        hashes = [_decode(text) for text in proof["hashes"]]
        note = proof["checkpoint"]["envelope"]
        assert isinstance(note, str)
        promise = element.get("inclusionPromise")
        signed_time = None if promise is None else _decode(promise["signedEntryTimestamp"])
    except (AssertionError, KeyError, TypeError, ValueError) as error:  # Rule 1
        raise VerificationFailed("the log entry is not in the form of Rekor's") from error
    if identity != log_id(public_key):
        raise AnotherLog("the log entry is of another log")
    if len(entry) > entries.MAX_ENTRY_BYTES or len(hashes) > MAX_HASHES:
        raise VerificationFailed("the log entry is larger than one is")
    if place != index or any(len(node) != HASH_BYTES for node in hashes):
        raise VerificationFailed("the log entry contradicts itself")
    entries.require_entry_of(entry, envelope, verifier or public_key)  # Rule 2
    checkpoint = verify_checkpoint(note, origin, public_key)  # Rule 3
    if (checkpoint.size, checkpoint.root) != (size, _decode(root)):
        raise VerificationFailed("the inclusion proof is for another state than the checkpoint's")
    verify_inclusion(leaf_hash(entry), index, size, hashes, checkpoint.root)  # Rule 4
    if signed_time is not None:  # Rule 5
        promised = _promised(entry, index, seconds, identity)
        verify_signature(public_key, promised, signed_time)
    return Logged(index, checkpoint, seconds, signed_time is not None)


def _promised(entry: bytes, index: int, seconds: int, identity: bytes) -> bytes:
    """What a signed entry timestamp is over, as Rekor and `@sigstore/verify` have it."""
    return strict_json.canonical(
        {
            "body": base64.b64encode(entry).decode(),
            "integratedTime": seconds,
            "logID": identity.hex(),
            "logIndex": index,
        }
    )


def _decode(text: object) -> bytes:
    if not isinstance(text, str):
        raise VerificationFailed("the log entry is not in the form of Rekor's")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise VerificationFailed("the log entry holds something that is not base64") from error
