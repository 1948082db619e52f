"""The tree against the RFC's definition, its proofs against every change of them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.transparency.merkle import (
    EMPTY_ROOT,
    MerkleTree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# Inputs and roots of the tests of certificate-transparency-go and trillian.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = st.integers(1, 70)


def tree(size: int) -> MerkleTree:
    return MerkleTree(leaf_hash(str(number).encode()) for number in range(size))


def slow_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return node_hash(slow_root(leaves[:left]), slow_root(leaves[left:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert MerkleTree(map(leaf_hash, ENTRIES)).root(size).hex() == ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert MerkleTree().root(0) == EMPTY_ROOT
    assert len(MerkleTree()) == 0


@given(SIZES)
def test_every_former_root_can_still_be_told(size: int) -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(size)]
    grown = MerkleTree(leaves)
    for former in range(size + 1):
        assert grown.root(former) == slow_root(leaves[:former])


@given(SIZES, st.data())
def test_inclusion_is_proved_for_the_leaf_in_its_place_only(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    grown = tree(size + 3)
    leaf, proof, root = (
        leaf_hash(str(index).encode()),
        grown.inclusion(index, size),
        grown.root(size),
    )
    verify_inclusion(leaf, index, size, proof, root)
    wrong = [
        (leaf_hash(b"forged"), index, size, proof, root),
        (leaf, index, size, [*proof, root], root),
        (leaf, index, size, proof, grown.root(size + 1)),
        (leaf, size, size, proof, root),
        (leaf, -1, size, proof, root),
    ]
    if proof:
        wrong += [
            (leaf, index, size, proof[:-1], root),
            (leaf, index ^ 1, size, proof, root),
            (leaf, index, size, [bytes(32), *proof[1:]], root),
        ]
    for attempt in wrong:
        with pytest.raises(VerificationFailed):
            verify_inclusion(*attempt)


@given(SIZES, st.data())
def test_growth_is_proved_and_nothing_else(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size))
    grown = tree(size)
    old, new, proof = grown.root(first), grown.root(size), grown.consistency(first, size)
    verify_consistency(first, size, proof, old, new)
    for wrong in (
        (first, size, [*proof, new], old, new),
        (size + 1, size, proof, old, new),
        *([(first, size, proof, bytes(32), new)] if first else []),
        *([(first, size, proof[:-1], old, new)] if proof else []),
        *([(first, size, proof, old, bytes(32))] if first else []),
    ):
        with pytest.raises(VerificationFailed):
            verify_consistency(*wrong)


def test_a_log_that_rewrote_its_history_is_found_out() -> None:
    honest = tree(7)
    rewritten = MerkleTree(leaf_hash(b"x" if n == 2 else str(n).encode()) for n in range(9))
    with pytest.raises(VerificationFailed, match="does not begin with the 7 entries"):
        verify_consistency(7, 9, rewritten.consistency(7, 9), honest.root(7), rewritten.root(9))
