"""CVSS: from a vector to its base score. Pure.

Only base metrics count: threat, temporal and environmental ones say how bad it is somewhere and at
some time, which the author of an advisory cannot know here. They are checked and left out, which
never makes a score lower.
"""

from __future__ import annotations

from idp.capabilities.scanning.cvss import v2, v3, v4

_SCORERS = {"CVSS:3.0/": v3.base_score, "CVSS:3.1/": v3.base_score, "CVSS:4.0/": v4.base_score}


def base_score(vector: str) -> float:
    """Score a vector of CVSS 2.0, 3.0, 3.1 or 4.0; version 2 has no prefix.

    Returns:
        0.0 to 10.0, one decimal.

    Raises:
        InvalidInput: It is not a complete vector of these versions.
    """
    for prefix, score in _SCORERS.items():
        if vector.startswith(prefix):
            return score(vector.removeprefix(prefix))
    return v2.base_score(vector)
