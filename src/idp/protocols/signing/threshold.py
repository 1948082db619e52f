"""Whether enough of the right people vouch for something: N of M, by name. Pure.

Rules:
1. Each signer counts once, however often it signed and in however many forms.
2. Only signers count that the requirement names, by their own name or by a group's.
3. All that does not count is reported with its reason, so that a refusal explains itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from idp.kernel.errors import VerificationFailed


@dataclass(frozen=True, slots=True)
class Requirement:
    """How many must vouch.

    Attributes:
        kind: Of evidence, such as `image-signature`.
        threshold: How many signers, at least one.
        signers: Names of signers and groups that count.
    """

    kind: str
    threshold: int
    signers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that was found.

    Attributes:
        digest: Of the artifact that carries it.
        signer: Who made it; None when it does not count.
        reason: Why it does not count; empty when it does.
    """

    digest: str
    signer: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a requirement.

    Attributes:
        requirement: Which one.
        counted: Signer -> digest of the first claim by it, in order of names.
        passed_over: All other claims, each with the reason.
        eligible: All who could count.
    """

    requirement: Requirement
    counted: Mapping[str, str]
    passed_over: Sequence[Claim]
    eligible: Sequence[str]

    @property
    def reached(self) -> bool:
        """Whether it holds."""
        return len(self.counted) >= self.requirement.threshold

    @property
    def explanation(self) -> str:
        """One line for people: who counted, who is missing, and what did not count."""
        wanted = self.requirement
        there = ", ".join(self.counted) or "nobody"
        absent = [name for name in self.eligible if name not in self.counted]
        text = f"{wanted.kind}: {len(self.counted)} of {wanted.threshold} ({there})"
        if not self.reached:
            text += f"; {', '.join(absent) or 'nobody else'} could sign"
        reasons = list(dict.fromkeys(claim.reason for claim in self.passed_over))
        if reasons:
            text += f"; {len(self.passed_over)} do not count: {'; '.join(reasons[:3])}"
        return text


def judge(
    requirement: Requirement, claims: Iterable[Claim], groups: Mapping[str, Sequence[str]]
) -> Judgement:
    """Count who vouches.

    Args:
        requirement: What is demanded.
        claims: All that was found of that kind.
        groups: Name of a group -> its members.
    """
    eligible = sorted({name for one in requirement.signers for name in groups.get(one, (one,))})
    counted: dict[str, str] = {}
    passed_over: list[Claim] = []
    for claim in claims:
        if claim.signer is None:
            passed_over.append(claim)
        elif claim.signer not in eligible:  # Rule 2
            reason = f"{claim.signer} is not among those who count"
            passed_over.append(Claim(claim.digest, claim.signer, reason))
        else:
            counted.setdefault(claim.signer, claim.digest)  # Rule 1
    return Judgement(requirement, dict(sorted(counted.items())), passed_over, eligible)


def demand(judgements: Iterable[Judgement]) -> None:
    """Refuse unless all hold.

    Raises:
        VerificationFailed: A threshold is not reached; the message says who counted and who not.
    """
    missed = [judgement.explanation for judgement in judgements if not judgement.reached]
    if missed:
        raise VerificationFailed(
            f"the TrustPolicy is not met: {' | '.join(missed)}",
            remedy="Have one of those who could sign do so: `idp-cli signing sign`.",
        )
