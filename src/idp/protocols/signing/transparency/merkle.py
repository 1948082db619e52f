"""The Merkle tree of a transparency log: roots, and proofs that need only a few hashes. Pure.

RFC 9162 section 2.1 (the tree of RFC 6962): a leaf is SHA-256 of 0x00 and its entry, a node SHA-256
of 0x01 and its two children, so neither can pass for the other. The left side of a tree of `n`
leaves holds the largest power of two below `n`, so a subtree that is full never changes again.

>>> tree = MerkleTree([leaf_hash(b"one"), leaf_hash(b"two")])
>>> verify_inclusion(leaf_hash(b"two"), 1, 2, tree.inclusion(1, 2), tree.root(2))
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from idp.kernel.errors import VerificationFailed

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class TreeHead(NamedTuple):
    """State of a tree.

    Attributes:
        size: How many leaves it has.
        root: Hash over all of them.
    """

    size: int
    root: bytes


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


class MerkleTree:
    """A growing tree that keeps the hashes of its full subtrees: every answer is logarithmic.

    Args:
        leaves: Hashes of the entries there are, in order.
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add the hash of an entry."""
        self._levels[0].append(leaf)
        level = 0
        while len(self._levels[level]) % 2 == 0:
            if level + 1 == len(self._levels):
                self._levels.append([])
            left, right = self._levels[level][-2:]
            self._levels[level + 1].append(node_hash(left, right))
            level += 1

    def root(self, size: int) -> bytes:
        """Root of the tree as it was with `size` leaves."""
        return self._subtree(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Proof that leaf `index` is in the tree of `size` leaves, from the leaf upwards."""
        return self._path(index, 0, size)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Proof that the tree of `second` leaves begins with the tree of `first` leaves."""
        return self._subproof(first, 0, second, known=True) if 0 < first < second else []

    def _subtree(self, start: int, size: int) -> bytes:
        if size & (size - 1) == 0:
            level = size.bit_length() - 1
            return self._levels[level][start >> level]
        left = _split(size)
        return node_hash(self._subtree(start, left), self._subtree(start + left, size - left))

    def _path(self, index: int, start: int, size: int) -> list[bytes]:
        if size == 1:
            return []
        left = _split(size)
        if index < left:
            return [*self._path(index, start, left), self._subtree(start + left, size - left)]
        return [
            *self._path(index - left, start + left, size - left),
            self._subtree(start, left),
        ]

    def _subproof(self, first: int, start: int, size: int, *, known: bool) -> list[bytes]:
        """RFC 9162 section 2.1.4.1; `known`: the verifier has this subtree's root already."""
        if first == size:
            return [] if known else [self._subtree(start, size)]
        left = _split(size)
        if first <= left:
            right = self._subtree(start + left, size - left)
            return [*self._subproof(first, start, left, known=known), right]
        return [
            *self._subproof(first - left, start + left, size - left, known=False),
            self._subtree(start, left),
        ]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is where the log says (RFC 9162 section 2.1.3.2).

    Args:
        leaf: Hash of the entry.
        index: Its place, from zero.
        size: Leaves of the tree that `root` is of.
        proof: As `MerkleTree.inclusion` gives it.
        root: Which a signed checkpoint vouches for.

    Raises:
        VerificationFailed: The proof does not lead from the leaf to the root.
    """
    if not 0 <= index < size:
        raise VerificationFailed(f"entry {index} cannot be in a log of {size} entries")
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise VerificationFailed("the inclusion proof is longer than the tree is high")
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last or found != root:
        raise VerificationFailed("the inclusion proof does not lead to the log's root")


def verify_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Check that a log only grew between two checkpoints (RFC 9162 section 2.1.4.2).

    Args:
        first: Leaves of the older tree.
        second: Leaves of the newer tree.
        proof: As `MerkleTree.consistency` gives it.
        first_root: Root of the older tree.
        second_root: Root of the newer tree.

    Raises:
        VerificationFailed: The newer tree does not begin with the older one, so history was
            changed or the log tells different people different things.
    """
    if first > second:
        raise VerificationFailed(f"the log shrank from {first} to {second} entries")
    if first == second or first == 0:
        older = first_root if first else EMPTY_ROOT
        if proof or (first == second and older != second_root):
            raise VerificationFailed(f"the log shows two different states of {first} entries")
        return
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        raise VerificationFailed("the consistency proof is empty")
    place, last = first - 1, second - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise VerificationFailed("the consistency proof is longer than the tree is high")
        if place % 2 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    if last or old != first_root or new != second_root:
        raise VerificationFailed(
            f"the log of {second} entries does not begin with the {first} entries seen before"
        )
