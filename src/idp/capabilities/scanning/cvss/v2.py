"""CVSS 2.0 base score. Pure.

https://www.first.org/cvss/v2/guide, section 3.2.1
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from idp.capabilities.scanning.cvss.vector import parse_vector

_BASE = {"AV": "LAN", "AC": "HML", "Au": "MSN", "C": "NPC", "I": "NPC", "A": "NPC"}
_OPTIONAL = {
    "E": "U POC F H ND",
    "RL": "OF TF W U ND",
    "RC": "UC UR C ND",
    "CDP": "N L LM MH H ND",
    "TD": "N L M H ND",
    "CR": "L M H ND",
    "IR": "L M H ND",
    "AR": "L M H ND",
}
_ACCESS = {"L": "0.395", "A": "0.646", "N": "1.0"}
_COMPLEXITY = {"H": "0.35", "M": "0.61", "L": "0.71"}
_AUTHENTICATION = {"M": "0.45", "S": "0.56", "N": "0.704"}
_IMPACT = {"N": "0.0", "P": "0.275", "C": "0.660"}


def base_score(vector: str) -> float:
    """Score a vector.

    Raises:
        InvalidInput: It is not a complete CVSS 2.0 vector.
    """
    metrics = parse_vector(vector.strip("()"), _BASE, _OPTIONAL)
    kept = Decimal(1)
    for metric in ("C", "I", "A"):
        kept *= 1 - Decimal(_IMPACT[metrics[metric]])
    impact = Decimal("10.41") * (1 - kept)
    exploitability = (
        20
        * Decimal(_ACCESS[metrics["AV"]])
        * Decimal(_COMPLEXITY[metrics["AC"]])
        * Decimal(_AUTHENTICATION[metrics["Au"]])
    )
    factor = Decimal("1.176") if impact else Decimal(0)
    score = (Decimal("0.6") * impact + Decimal("0.4") * exploitability - Decimal("1.5")) * factor
    return float(max(score, Decimal(0)).quantize(Decimal("0.1"), ROUND_HALF_UP))
