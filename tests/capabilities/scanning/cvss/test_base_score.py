from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.scanning.cvss import base_score, v2, v3, v4
from idp.kernel.errors import InvalidInput

# Examples that FIRST publishes: the v2 guide (section 3.3), the examples documents of v3.1 and
# v4.0, and records of the National Vulnerability Database.
SCORES = {
    "AV:N/AC:L/Au:N/C:N/I:N/A:C": 7.8,
    "AV:N/AC:L/Au:N/C:C/I:C/A:C": 10.0,
    "AV:L/AC:H/Au:N/C:C/I:C/A:C": 6.2,
    "AV:N/AC:L/Au:N/C:N/I:N/A:N": 0.0,
    "(AV:N/AC:M/Au:N/C:P/I:P/A:P/E:POC/RL:OF/RC:C)": 6.8,
    "CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N": 6.4,
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N": 6.1,
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 9.8,
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H": 10.0,
    "CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L": 4.2,
    "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N": 4.6,
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N": 0.0,
    "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N/E:U/RL:O": 5.9,
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H": 10.0,
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N": 9.3,
    "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N": 7.3,
    "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N": 7.7,
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N": 5.1,
    "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N": 0.0,
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N/E:U/CR:L/U:Amber": 8.7,
}


@pytest.mark.parametrize(("vector", "score"), SCORES.items())
def test_published_examples(vector: str, score: float) -> None:
    assert base_score(vector) == score


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        ("", "does not belong"),
        ("HIGH", "does not belong"),
        ("CVSS:5.0/AV:N", "does not belong"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", "lacks A"),
        ("CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "'AV:N' does not belong"),
        ("CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "'AV:X' does not belong"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ZZ:1", "'ZZ:1' does not belong"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/", "does not belong"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:S/SA:N", "'SI:S'"),
    ],
)
def test_what_is_no_vector_is_refused(vector: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        base_score(vector)


@given(st.text(max_size=60))
def test_any_text_is_scored_or_refused(text: str) -> None:
    try:
        score = base_score(text)
    except InvalidInput:
        return
    assert 0.0 <= score <= 10.0


@pytest.mark.parametrize(
    ("prefix", "metrics"), [("", v2._BASE), ("CVSS:3.1/", v3._BASE), ("CVSS:4.0/", v4._BASE)]
)
@given(data=st.data())
def test_every_vector_has_a_score_with_one_decimal(
    prefix: str, metrics: dict[str, str], data: st.DataObject
) -> None:
    chosen = {metric: data.draw(st.sampled_from(values)) for metric, values in metrics.items()}
    score = base_score(prefix + "/".join(":".join(pair) for pair in chosen.items()))
    assert 0.0 <= score <= 10.0
    assert round(score, 1) == score


def test_more_impact_never_lowers_a_score_of_version_3() -> None:
    for c, i in itertools.product("HLN", repeat=2):
        scores = [base_score(f"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:{c}/I:{i}/A:{a}") for a in "NLH"]
        assert scores == sorted(scores)
