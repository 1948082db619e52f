"""CVSS 3.0 and 3.1 base score. Pure.

https://www.first.org/cvss/v3-1/specification-document, section 7.1 and appendix A ("Roundup").
The base equations of both versions are the same.
"""

from __future__ import annotations

from idp.capabilities.scanning.cvss.vector import parse_vector

_BASE = {
    "AV": "NALP",
    "AC": "LH",
    "PR": "NLH",
    "UI": "NR",
    "S": "UC",
    "C": "HLN",
    "I": "HLN",
    "A": "HLN",
}
_OPTIONAL = {
    "E": "X H F P U",
    "RL": "X U W T O",
    "RC": "X C R U",
    "CR": "X H M L",
    "IR": "X H M L",
    "AR": "X H M L",
    "MAV": "X N A L P",
    "MAC": "X L H",
    "MPR": "X N L H",
    "MUI": "X N R",
    "MS": "X U C",
    "MC": "X H L N",
    "MI": "X H L N",
    "MA": "X H L N",
}
_ATTACK_VECTOR = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
_COMPLEXITY = {"L": 0.77, "H": 0.44}
_PRIVILEGES = {
    "U": {"N": 0.85, "L": 0.62, "H": 0.27},
    "C": {"N": 0.85, "L": 0.68, "H": 0.5},
}
_INTERACTION = {"N": 0.85, "R": 0.62}
_IMPACT = {"H": 0.56, "L": 0.22, "N": 0.0}


def base_score(vector: str) -> float:
    """Score a vector without its `CVSS:3.x/`.

    Raises:
        InvalidInput: It is not a complete CVSS 3 vector.
    """
    m = parse_vector(vector, _BASE, _OPTIONAL)
    kept = (1 - _IMPACT[m["C"]]) * (1 - _IMPACT[m["I"]]) * (1 - _IMPACT[m["A"]])
    sub_score, changed = 1 - kept, m["S"] == "C"
    if changed:
        impact = 7.52 * (sub_score - 0.029) - 3.25 * (sub_score - 0.02) ** 15
    else:
        impact = 6.42 * sub_score
    if impact <= 0:
        return 0.0
    exploitability = (
        8.22
        * _ATTACK_VECTOR[m["AV"]]
        * _COMPLEXITY[m["AC"]]
        * _PRIVILEGES[m["S"]][m["PR"]]
        * _INTERACTION[m["UI"]]
    )
    return _round_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10))


def _round_up(value: float) -> float:
    """The smallest number with one decimal that is not less, as appendix A computes it."""
    scaled = round(value * 100_000)
    if scaled % 10_000 == 0:
        return scaled / 100_000
    return (scaled // 10_000 + 1) / 10
