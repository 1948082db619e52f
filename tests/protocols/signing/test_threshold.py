from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.threshold import Claim, Requirement, demand, judge

GROUPS = {"security": ["anna", "ben"], "release": ["ben", "carla"]}
NAMES = ["anna", "ben", "carla", "mallory"]


def claims(*signers: str) -> list[Claim]:
    return [Claim(f"sha256:{number}", name) for number, name in enumerate(signers)]


@pytest.mark.parametrize(
    ("signers", "threshold", "found", "reached"),
    [
        (("security",), 1, ("anna",), True),
        (("security",), 2, ("anna",), False),
        (("security",), 2, ("anna", "anna"), False),
        (("security",), 2, ("anna", "ben"), True),
        (("security", "carla"), 3, ("anna", "ben", "carla"), True),
        (("security",), 1, ("mallory",), False),
        (("security", "release"), 2, ("ben",), False),
        (("unknown",), 1, ("anna",), False),
    ],
)
def test_so_many_different_ones_must_sign(
    signers: tuple[str, ...], threshold: int, found: tuple[str, ...], reached: bool
) -> None:
    wanted = Requirement("image-signature", threshold, signers)
    assert judge(wanted, claims(*found), GROUPS).reached is reached


def test_a_refusal_says_who_counted_who_did_not_and_who_could() -> None:
    wanted = Requirement("image-signature", 2, ("security",))
    found = [*claims("anna", "mallory"), Claim("sha256:9", None, "the envelope is broken")]
    with pytest.raises(VerificationFailed) as refusal:
        demand([judge(wanted, found, GROUPS)])
    assert refusal.value.message == (
        "the TrustPolicy is not met: image-signature: 1 of 2 (anna); ben could sign; "
        "2 do not count: mallory is not among those who count; the envelope is broken"
    )


@given(found=st.lists(st.sampled_from(NAMES)), threshold=st.integers(1, 5))
def test_it_holds_exactly_when_enough_eligible_names_signed(
    found: list[str], threshold: int
) -> None:
    judged = judge(Requirement("scan", threshold, ("security",)), claims(*found), GROUPS)
    assert judged.reached == (len(set(found) & {"anna", "ben"}) >= threshold)
    counted_once = len(judged.counted) + len(judged.passed_over) <= len(found)
    assert counted_once
    assert {c.signer for c in judged.passed_over}.isdisjoint(judged.counted)
