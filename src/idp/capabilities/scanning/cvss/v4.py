"""CVSS 4.0 base score (CVSS-B). Pure.

https://www.first.org/cvss/v4-0/specification-document, section 8.2

A vector belongs to one *macrovector*, five digits for the equivalence classes EQ1, EQ2, EQ3 with
EQ6, EQ4, EQ5. FIRST gives each macrovector the score of its most severe vector (`_SCORES`). A
vector's own score is less than that by how far it is, class by class, from the most severe vector
of its macrovector towards the next lower macrovector.

With base metrics alone exploit maturity is `attacked` and all requirements are `high`, so EQ5 is
always 0 and EQ6 follows from EQ3; the other rows of FIRST's table cannot be reached and are not
here.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from idp.capabilities.scanning.cvss.vector import parse_vector

_BASE = {
    "AV": "NALP",
    "AC": "LH",
    "AT": "NP",
    "PR": "NLH",
    "UI": "NPA",
    "VC": "HLN",
    "VI": "HLN",
    "VA": "HLN",
    "SC": "HLN",
    "SI": "HLN",
    "SA": "HLN",
}
_OPTIONAL = {
    "E": "X A P U",
    "CR": "X H M L",
    "IR": "X H M L",
    "AR": "X H M L",
    "MAV": "X N A L P",
    "MAC": "X L H",
    "MAT": "X N P",
    "MPR": "X N L H",
    "MUI": "X N P A",
    "MVC": "X H L N",
    "MVI": "X H L N",
    "MVA": "X H L N",
    "MSC": "X H L N",
    "MSI": "X S H L N",
    "MSA": "X S H L N",
    "S": "X N P",
    "AU": "X N Y",
    "R": "X A U I",
    "V": "X D C",
    "RE": "X L M H",
    "U": "X Clear Green Amber Red",
}

# Score of a macrovector: EQ3 and EQ6, then EQ1 EQ2 EQ4 (EQ5 is 0).
_SCORES: dict[str, dict[str, str]] = {
    "00": {
        "001": "10",
        "002": "9.3",
        "011": "9.5",
        "012": "9.2",
        "101": "9.4",
        "102": "8.7",
        "111": "9",
        "112": "7.7",
        "201": "8.6",
        "202": "7",
        "211": "7.3",
        "212": "5.4",
    },
    "01": {
        "001": "9.6",
        "002": "9",
        "011": "9.1",
        "012": "8.1",
        "101": "8.9",
        "102": "7.5",
        "111": "7.7",
        "112": "6.6",
        "201": "7.4",
        "202": "5.4",
        "211": "5.5",
        "212": "4.3",
    },
    "10": {
        "001": "9.3",
        "002": "8.8",
        "011": "9.2",
        "012": "8.4",
        "101": "8.6",
        "102": "7.2",
        "111": "7.4",
        "112": "6.1",
        "201": "7.2",
        "202": "5.3",
        "211": "6.1",
        "212": "4.6",
    },
    "11": {
        "001": "9.2",
        "002": "8",
        "011": "8.2",
        "012": "7",
        "101": "7.6",
        "102": "5.7",
        "111": "5.9",
        "112": "5.2",
        "201": "5.7",
        "202": "3.6",
        "211": "5.1",
        "212": "1.8",
    },
    "21": {
        "001": "7.9",
        "002": "6.9",
        "011": "7.1",
        "012": "6.3",
        "101": "6.5",
        "102": "5.3",
        "111": "5.8",
        "112": "2.3",
        "201": "4.7",
        "202": "2.4",
        "211": "2.4",
        "212": "1",
    },
}

# The most severe vectors of each class: no other vector of the class is worse in every metric.
_WORST: dict[str, dict[str, tuple[str, ...]]] = {
    "EQ1": {
        "0": ("AV:N/PR:N/UI:N",),
        "1": ("AV:A/PR:N/UI:N", "AV:N/PR:L/UI:N", "AV:N/PR:N/UI:P"),
        "2": ("AV:P/PR:N/UI:N", "AV:A/PR:L/UI:P"),
    },
    "EQ2": {"0": ("AC:L/AT:N",), "1": ("AC:H/AT:N", "AC:L/AT:P")},
    "EQ3+6": {
        "00": ("VC:H/VI:H/VA:H",),
        "10": ("VC:L/VI:H/VA:H", "VC:H/VI:L/VA:H"),
        "21": ("VC:L/VI:L/VA:L",),
    },
    "EQ4": {"1": ("SC:H/SI:H/SA:H",), "2": ("SC:L/SI:L/SA:L",)},
}
# How many steps a class is deep, its worst vector included.
_DEPTH = {
    "EQ1": {"0": 1, "1": 4, "2": 5},
    "EQ2": {"0": 1, "1": 2},
    "EQ3+6": {"00": 7, "10": 8, "21": 10},
    "EQ4": {"1": 5, "2": 4},
}
_NEXT_LOWER: dict[str, dict[str, tuple[str, ...]]] = {
    "EQ1": {"0": ("1",), "1": ("2",), "2": ()},
    "EQ2": {"0": ("1",), "1": ()},
    "EQ3+6": {"00": ("01", "10"), "10": ("11",), "21": ()},
    "EQ4": {"1": ("2",), "2": ()},
}


def base_score(vector: str) -> float:
    """Score a vector without its `CVSS:4.0/`.

    Raises:
        InvalidInput: It is not a complete CVSS 4 vector.
    """
    m = parse_vector(vector, _BASE, _OPTIONAL)
    if all(m[metric] == "N" for metric in ("VC", "VI", "VA", "SC", "SI", "SA")):
        return 0.0
    classes = _classes(m)
    highest = _score(classes)
    # EQ5 counts as a class with a lower one, and the distance to it is always 0.
    proportions = [Decimal(0)]
    for name, level in classes.items():
        lower = _NEXT_LOWER[name][level]
        if lower:
            available = highest - max(_score({**classes, name: other}) for other in lower)
            proportions.append(available * _steps(m, name, level) / _DEPTH[name][level])
    score = highest - sum(proportions, Decimal(0)) / len(proportions)
    return float(min(max(score, Decimal(0)), Decimal(10)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def _classes(m: dict[str, str]) -> dict[str, str]:
    """Equivalence classes (specification, tables 24 to 29)."""
    unguarded = [m["AV"] == "N", m["PR"] == "N", m["UI"] == "N"]
    near = any(unguarded) and m["AV"] != "P"
    eq1 = "0" if all(unguarded) else "1" if near else "2"
    if m["VC"] == m["VI"] == "H":
        eq3 = "00"
    else:
        eq3 = "10" if "H" in (m["VC"], m["VI"], m["VA"]) else "21"
    return {
        "EQ1": eq1,
        "EQ2": "0" if (m["AC"], m["AT"]) == ("L", "N") else "1",
        "EQ3+6": eq3,
        "EQ4": "1" if "H" in (m["SC"], m["SI"], m["SA"]) else "2",
    }


def _score(classes: dict[str, str]) -> Decimal:
    row = _SCORES[classes["EQ3+6"]]
    return Decimal(row[classes["EQ1"] + classes["EQ2"] + classes["EQ4"]])


def _steps(m: dict[str, str], name: str, level: str) -> int:
    """How many single steps a vector is below the worst one of its class that is not below it."""
    for worst in _WORST[name][level]:
        pairs = [pair.split(":") for pair in worst.split("/")]
        distances = [
            _BASE[metric].index(m[metric]) - _BASE[metric].index(value) for metric, value in pairs
        ]
        if min(distances) >= 0:
            return sum(distances)
    raise AssertionError(f"{m} is worse than the worst of {name} {level}")
