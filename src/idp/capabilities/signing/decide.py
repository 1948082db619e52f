"""Whether a log tells everybody the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from idp.protocols.signing.transparency.merkle import MerkleTree, TreeHead


def contradictions(tree: MerkleTree, seen: Mapping[str, TreeHead]) -> dict[str, str]:
    """Compare a log with what it told others.

    Args:
        tree: The log as it is now.
        seen: Where its word was found -> the state that it signed there.

    Returns:
        Where it said something that it contradicts now -> how; empty when there is none.
    """
    found = {}
    for place, head in seen.items():
        if head.size > len(tree):
            found[place] = f"saw {head.size} entries, the log has only {len(tree)}"
        elif tree.root(head.size) != head.root:
            found[place] = f"saw another state of the first {head.size} entries"
    return found
