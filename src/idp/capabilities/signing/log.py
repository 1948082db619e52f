"""The environment's transparency log, in its history database.

An entry is committed before its proof is given out, and the attestation is published after that:
killed in between, the log holds an entry of which nobody has the attestation yet; the next try
finds the entry and gives the same proof.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from idp.kernel.capability import Signer
from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import Unavailable, VerificationFailed
from idp.protocols.signing.transparency.checkpoint import Checkpoint, sign_checkpoint
from idp.protocols.signing.transparency.inclusion import encode_inclusion
from idp.protocols.signing.transparency.log import log_origin
from idp.protocols.signing.transparency.merkle import MerkleTree, leaf_hash

_metadata = sa.MetaData()
_log = sa.Table(
    "signing_log",
    _metadata,
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("leaf", sa.LargeBinary),
    sa.Column("entry", sa.LargeBinary),
    sa.Column("seconds", sa.Integer),
)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry.

    Attributes:
        place: From zero, without gaps.
        entry: What was logged.
        seconds: When, since 1970.
    """

    place: int
    entry: bytes
    seconds: int


def read_log(database: sa.Engine) -> list[LogEntry]:
    """All entries in order.

    Raises:
        VerificationFailed: Entries are missing, or one does not match its hash.
    """
    with database.connect() as connection:
        rows = connection.execute(sa.select(_log).order_by(_log.c.place)).all()
    for expected, row in enumerate(rows):
        if row.place != expected:
            raise VerificationFailed(f"entry {expected} of the transparency log is missing")
        if leaf_hash(row.entry) != row.leaf:
            raise VerificationFailed(f"entry {expected} of the transparency log was changed")
    return [LogEntry(row.place, row.entry, row.seconds) for row in rows]


class SqlLog:
    """Fulfils `idp.kernel.capability.TransparencyLog`. One process writes it.

    Args:
        database: The instance's history, migrated.
        signer: Key of the log, which is the environment's.
        environment: Whose log it is.
        clock: The time.
    """

    def __init__(
        self, database: sa.Engine, signer: Signer, environment: str, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._signer = signer
        self._origin = log_origin(environment)
        self._clock = clock
        self._writing = asyncio.Lock()
        self._tree: MerkleTree | None = None

    async def append(self, entry: bytes) -> dict[str, Any]:
        """Add an entry, or find it.

        Raises:
            Unavailable: The database cannot be written.
            VerificationFailed: The log was tampered with; nothing is signed until it is whole.
        """
        async with self._writing:
            return await asyncio.to_thread(self._append, entry)

    def _append(self, entry: bytes) -> dict[str, Any]:
        tree = self._loaded()
        leaf = leaf_hash(entry)
        try:
            with self._database.begin() as connection:
                found = connection.execute(sa.select(_log).where(_log.c.leaf == leaf)).first()
                if found is None:
                    place, seconds = len(tree), int(self._clock().timestamp())
                    connection.execute(
                        _log.insert().values(place=place, leaf=leaf, entry=entry, seconds=seconds)
                    )
                else:
                    place, seconds = found.place, found.seconds
        except sa.exc.SQLAlchemyError as error:
            self._tree = None  # whether it was written is not known: read it again
            raise Unavailable(
                f"the transparency log cannot be written: {error}",
                remedy="Make room on the disk of the data folder.",
            ) from error
        if place == len(tree):
            tree.append(leaf)
        return encode_inclusion(self._signer, self._origin, tree, place, entry, seconds)

    def _loaded(self) -> MerkleTree:
        if self._tree is None:
            self._tree = MerkleTree(leaf_hash(row.entry) for row in read_log(self._database))
        return self._tree

    def checkpoint(self) -> str:
        """The log's signed word about its present state."""
        tree = self._loaded()
        size = len(tree)
        return sign_checkpoint(self._signer, Checkpoint(self._origin, size, tree.root(size)))
