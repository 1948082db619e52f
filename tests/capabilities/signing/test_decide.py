from __future__ import annotations

from idp.capabilities.signing.decide import contradictions
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.transparency.checkpoint import verify_checkpoint
from idp.protocols.signing.transparency.log import MemoryLog, log_origin
from idp.protocols.signing.transparency.merkle import MerkleTree, TreeHead, leaf_hash


def tree(*entries: bytes) -> MerkleTree:
    return MerkleTree(map(leaf_hash, entries))


def seen(log: MerkleTree, size: int) -> TreeHead:
    return TreeHead(size, log.root(size))


def test_a_log_that_only_grew_contradicts_nobody() -> None:
    log = tree(b"1", b"2", b"3")
    assert contradictions(log, {str(size): seen(log, size) for size in range(4)}) == {}
    assert contradictions(tree(), {}) == {}


def test_a_truncated_and_a_rewritten_log_are_found_out() -> None:
    honest = tree(b"1", b"2", b"3")
    told = {"first": seen(honest, 1), "last": seen(honest, 3)}
    assert contradictions(tree(b"1"), told) == {"last": "saw 3 entries, the log has only 1"}
    assert contradictions(tree(b"1", b"x", b"3"), told) == {
        "last": "saw another state of the first 3 entries"
    }


async def test_a_log_that_tells_two_people_two_things_is_found_out() -> None:
    """Each checkpoint is signed and proves its entry: only side by side they are a lie."""
    key = PrivateKey.generate()
    shown, hidden = MemoryLog(key, "staging"), MemoryLog(key, "staging")
    heads = {}
    for log, entry in ((shown, b"honest"), (hidden, b"forged")):
        await log.append(b"first")
        await log.append(entry)
        told = verify_checkpoint(log.checkpoint(), log_origin("staging"), key.public_key)
        heads[entry.decode()] = told.head
    assert heads["honest"].size == heads["forged"].size
    assert heads["honest"].root != heads["forged"].root
    found = {"forged": "saw another state of the first 2 entries"}
    assert contradictions(shown.tree, heads) == found
    assert list(contradictions(hidden.tree, heads)) == ["honest"]
