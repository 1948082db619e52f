"""A log's signed word about its state: so many entries, this root. Pure.

The form is a C2SP checkpoint (https://c2sp.org/tlog-checkpoint) in a signed note
(https://c2sp.org/signed-note), with the ECDSA signatures and key hints of Rekor, so that
`@sigstore/verify` reads it as well.

Rules for reading:
1. At most `MAX_CHECKPOINT_BYTES` of UTF-8 text; a blank line parts the note from its signatures.
2. The note is the log's name, the number of entries in decimal without leading zeros, and the root
   in base64; further lines are allowed and signed too.
3. One signature line names the log, carries the first four bytes of SHA-256 over the DER form of
   the log's key, and was made by that key over the note. Other lines, as of witnesses, are skipped.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from idp.kernel.capability import Signer
from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.keys import key_id, verify_signature
from idp.protocols.signing.transparency.merkle import HASH_BYTES, TreeHead

MAX_CHECKPOINT_BYTES = 16 * 1024
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")
_HINT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State of a log.

    Attributes:
        origin: The log's name.
        size: How many entries it has.
        root: Root of the Merkle tree over them.
    """

    origin: str
    size: int
    root: bytes

    @property
    def head(self) -> TreeHead:
        """The state without the name."""
        return TreeHead(self.size, self.root)


def log_id(public_key: str) -> bytes:
    """Identity of a log: SHA-256 over the DER form of its key (RFC 6962 section 3.2)."""
    return base64.b64decode(key_id(public_key))


def sign_checkpoint(signer: Signer, checkpoint: Checkpoint) -> str:
    """The checkpoint as a signed note; the same state, the same text."""
    root = base64.b64encode(checkpoint.root).decode()
    note = f"{checkpoint.origin}\n{checkpoint.size}\n{root}\n"
    signature = log_id(signer.public_key)[:_HINT_BYTES] + signer.sign(note.encode())
    return f"{note}\n— {checkpoint.origin} {base64.b64encode(signature).decode()}\n"


def verify_checkpoint(text: str, origin: str, public_key: str) -> Checkpoint:
    """Read a checkpoint of one log.

    Args:
        text: The signed note.
        origin: The log's name.
        public_key: PEM text of the log's pinned key.

    Raises:
        VerificationFailed: A rule is broken.
    """
    if len(text) > MAX_CHECKPOINT_BYTES:  # Rule 1
        raise VerificationFailed("the checkpoint is larger than a checkpoint is")
    note, blank, signatures = text.rpartition("\n\n")
    if not blank:
        raise VerificationFailed("the checkpoint is not a signed note")
    note += "\n"
    checkpoint = _read(note)
    if checkpoint.origin != origin:
        raise VerificationFailed(f"the checkpoint is of the log {checkpoint.origin}, not {origin}")
    hint = log_id(public_key)[:_HINT_BYTES]
    for line in signatures.splitlines():  # Rule 3
        match = _SIGNATURE.fullmatch(line)
        if match is None or match[1] != origin:
            continue
        raw = _decode(match[2])
        if raw[:_HINT_BYTES] == hint:
            verify_signature(public_key, note.encode(), raw[_HINT_BYTES:])
            return checkpoint
    raise VerificationFailed(f"the checkpoint is not signed by the key of the log {origin}")


def _read(note: str) -> Checkpoint:
    lines = note.split("\n")
    if len(lines) < 4 or not lines[0] or not _SIZE.fullmatch(lines[1]):  # Rule 2
        raise VerificationFailed("the checkpoint is not: name, number of entries, root")
    root = _decode(lines[2])
    if len(root) != HASH_BYTES:
        raise VerificationFailed("the checkpoint's root is not a SHA-256 hash")
    return Checkpoint(lines[0], int(lines[1]), root)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise VerificationFailed("the checkpoint holds something that is not base64") from error
