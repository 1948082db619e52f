"""A key with a transparency log, and a log in memory for tests."""

from __future__ import annotations

from typing import Any

from idp.kernel.capability import Signer, TimestampSource, TransparencyLog
from idp.kernel.clock import Clock, utc_now
from idp.protocols.signing.transparency.checkpoint import Checkpoint, sign_checkpoint
from idp.protocols.signing.transparency.inclusion import encode_inclusion
from idp.protocols.signing.transparency.merkle import MerkleTree, leaf_hash


def log_origin(environment: str) -> str:
    """Name of an environment's log, as its checkpoints carry it."""
    return f"idp/{environment}"


class LoggedKey:
    """A key whose attestations are logged; fulfils `idp.kernel.capability.Signer`.

    Args:
        key: Signs.
        log: Where.
        timestamps: Who stamps the signatures; None for nobody.
    """

    def __init__(
        self, key: Signer, log: TransparencyLog, timestamps: TimestampSource | None = None
    ) -> None:
        self._key = key
        self.log: TransparencyLog | None = log
        self.timestamps: TimestampSource | None = timestamps

    @property
    def public_key(self) -> str:
        """PEM text of the public key."""
        return self._key.public_key

    def sign(self, payload: bytes) -> bytes:
        """As the key signs."""
        return self._key.sign(payload)

    def __repr__(self) -> str:
        return f"<LoggedKey {self._key!r}>"


class MemoryLog:
    """Fulfils `idp.kernel.capability.TransparencyLog`.

    Args:
        signer: Key of the log.
        environment: Whose log it is.
        clock: The time.
    """

    def __init__(self, signer: Signer, environment: str, *, clock: Clock = utc_now) -> None:
        self.tree = MerkleTree()
        self._signer = signer
        self._origin = log_origin(environment)
        self._clock = clock
        self._places: dict[bytes, tuple[int, int]] = {}

    async def append(self, entry: bytes) -> dict[str, Any]:
        """Add an entry, or find it."""
        leaf = leaf_hash(entry)
        if leaf not in self._places:
            self._places[leaf] = (len(self.tree), int(self._clock().timestamp()))
            self.tree.append(leaf)
        index, seconds = self._places[leaf]
        return encode_inclusion(self._signer, self._origin, self.tree, index, entry, seconds)

    def checkpoint(self) -> str:
        """The log's signed word about its present state."""
        size = len(self.tree)
        return sign_checkpoint(self._signer, Checkpoint(self._origin, size, self.tree.root(size)))
