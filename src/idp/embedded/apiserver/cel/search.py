"""How long a backtracking search may take, judged by its pattern. Pure.

Rust's engine, which `matches` uses, is linear but tells only whether there is a match. Python's
tells where, by trying: each repetition in a row is one more power of the text's length, a choice
inside a repetition an exponent. The text that a pattern may be searched in is bounded by that.
"""

from __future__ import annotations

import re

_STEPS = 20_000_000
_AMBIGUOUS = 18
"""Characters that a pattern with choices inside a repetition may be searched in: 2^18 steps."""
_LONGEST = 8 * 1024
_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(|\)|\||[*+?]\??|\{\d+(?:,\d*)?\}\??", re.DOTALL
)


def longest_text(pattern: str) -> int:
    """Characters of the longest text that a valid pattern may be searched in."""
    repetitions, ambiguous = _repetitions(pattern)
    if ambiguous:
        return _AMBIGUOUS
    return min(_LONGEST, int(_STEPS ** (1 / (repetitions + 1))))


def _repetitions(pattern: str) -> tuple[int, bool]:
    """How many repetitions there are, and whether one holds a repetition or a choice."""
    count, ambiguous = 0, False
    chooses = [False]  # for each open group, whether it can match in several ways
    closed = False  # whether a group that can has just ended
    for piece in _PIECE.findall(pattern):
        if piece.startswith("("):
            chooses.append(False)
        elif piece == ")" and len(chooses) > 1:
            closed = chooses.pop()
            chooses[-1] |= closed
            continue
        elif piece == "|":
            chooses[-1] = True
        elif piece[0] in "*+?{":
            count += 1
            ambiguous |= closed and piece[0] != "?"
            chooses[-1] = True
        closed = False
    return count, ambiguous
