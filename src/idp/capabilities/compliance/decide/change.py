"""Evidence about changes: who decided, on what grounds, and where it is written. Pure."""

from __future__ import annotations

from idp.capabilities.compliance.decide.answer import (
    Answer,
    object_record,
    of_share,
    promotion_record,
)
from idp.capabilities.compliance.facts import Facts, PromotionRecord
from idp.capabilities.compliance.kinds import State
from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.kinds import Review
from idp.capabilities.scanning.kinds import PROFILE, EvidenceKind, SecurityProfile

_PIPELINE = "default"


def separation_of_duties(facts: Facts) -> Answer:
    """Nobody approves what they wrote or started."""
    pipeline = facts.pipeline
    if pipeline is None:
        return Answer("noEvidence", "there is no PromotionPipeline in force", _ASK)
    rule = object_record(facts, PromotionPipeline.type(), _PIPELINE)
    if not pipeline.approval.required:
        if pipeline.previous is None:
            said = "the environment that builds takes every push: nothing is approved here"
            return Answer("notApplicable", said, records=[rule])
        said = f"releases come into {facts.environment} without anybody's approval"
        return Answer("notMet", said, _ASK, [rule])
    if not pipeline.approval.exclude_author:
        said = "authors and initiators may approve what is theirs"
        return Answer("notMet", said, _EXCLUDE, [rule])
    moved = _moved(facts)
    if not moved:
        said = f"{pipeline.approval.required} approvals are demanded; nothing came yet"
        return Answer("noEvidence", said, records=[rule])
    good = [p for p in moved if _by_others(p, facts, pipeline.approval.required)]
    said = "promotions were approved by enough people other than author and initiator"
    records = [rule, *(promotion_record(facts, p) for p in moved)]
    return of_share(len(good), len(moved), said, _SEPARATE, records)


_ASK = "Demand approvals: set spec.approval.required of the PromotionPipeline named default."
_EXCLUDE = "Set spec.approval.excludeAuthor of the PromotionPipeline named default."
_SEPARATE = "Review the promotions that are listed: `idp-cli promotion explain` tells who decided."


def _by_others(promotion: PromotionRecord, facts: Facts, required: int) -> bool:
    author = facts.releases.get(promotion.release, "")
    others = set(promotion.approvers) - {author, promotion.initiator}
    return len(others) >= required


def _moved(facts: Facts) -> list[PromotionRecord]:
    return [p for p in facts.promotions if p.phase == "Succeeded" and p.action == "promote"]


def verdicts(facts: Facts) -> Answer:
    """Everything that came in was judged, and the grounds are kept."""
    moved = _moved(facts)
    if not moved:
        return Answer("noEvidence", f"nothing came in {facts.period_days} days")
    good = [p for p in moved if p.decision not in ("", "Deny") and p.evidence_digest]
    return of_share(
        len(good),
        len(moved),
        "promotions were judged, and the digest of their evidence is kept",
        "Review the promotions that are listed: they came without a verdict.",
        [promotion_record(facts, p) for p in moved],
    )


def signed_releases(facts: Facts) -> Answer:
    """Only what is signed and of known origin comes in."""
    wanted: tuple[EvidenceKind, ...] = ("release-signature", "image-signature", "provenance")
    return _demanded(facts, wanted, "signatures and provenance")


def verified_before(facts: Facts) -> Answer:
    """What comes in was tested in the environment before."""
    if facts.pipeline is not None and facts.pipeline.previous is None:
        return Answer("notApplicable", "no environment comes before this one")
    return _demanded(facts, ("verified",), "the verification by the environment before")


def inventory(facts: Facts) -> Answer:
    """It is known what each release is made of."""
    return _demanded(facts, ("sbom",), "a bill of materials")


def _demanded(facts: Facts, wanted: tuple[EvidenceKind, ...], said: str) -> Answer:
    if facts.profile is None:
        return Answer("noEvidence", "there is no valid SecurityProfile in force", _RESTORE)
    rule = object_record(facts, SecurityProfile.type(), PROFILE)
    missing = [kind for kind in wanted if kind not in facts.profile.evidence]
    if missing:
        remedy = f"Add {', '.join(missing)} to spec.evidence of the SecurityProfile."
        state: State = "partly" if len(missing) < len(wanted) else "notMet"
        return Answer(state, f"the profile does not demand {', '.join(missing)}", remedy, [rule])
    moved = _moved(facts)
    records = [rule, *(promotion_record(facts, p) for p in moved)]
    if not moved:
        return Answer("noEvidence", f"demanded: {said}; nothing came yet", records=records)
    return of_share(
        sum(p.decision not in ("", "Deny") for p in moved),
        len(moved),
        f"promotions were admitted under rules that demand {said}",
        "Review the promotions that are listed.",
        records,
    )


_RESTORE = "Look at it: `idp-cli describe securityprofile default`."


def configuration_in_git(facts: Facts) -> Answer:
    """What runs is written in commits."""
    moved = [p for p in facts.promotions if p.phase == "Succeeded"]
    if not moved:
        return Answer("noEvidence", f"nothing changed in {facts.period_days} days")
    return of_share(
        sum(bool(p.commit) for p in moved),
        len(moved),
        "changes are commits in the environment's repository",
        "Review the promotions that are listed: they left no commit.",
        [promotion_record(facts, p) for p in moved],
    )


def rollbacks(facts: Facts) -> Answer:
    """Going back works, and says why."""
    back = [p for p in facts.promotions if p.action == "rollback"]
    if not back:
        said = f"nobody went back in {facts.period_days} days: recovery was not exercised"
        return Answer("noEvidence", said, "Exercise it: `idp-cli rollback NAME -e staging`.")
    return of_share(
        sum(p.phase == "Succeeded" and bool(p.reason) for p in back),
        len(back),
        "rollbacks succeeded and say why",
        "Read the messages of the rollbacks that are listed.",
        [promotion_record(facts, p) for p in back],
    )


def emergency_reviews(facts: Facts) -> Answer:
    """What went past the rules was looked at by somebody else, in time."""
    if not facts.reviews:
        return Answer("notApplicable", "nothing went past the rules")
    records = [object_record(facts, Review.type(), r.name, r.namespace) for r in facts.reviews]
    closed = [r for r in facts.reviews if r.spec.closed_by and r.spec.closed_by != r.spec.by]
    late = [r for r in facts.reviews if r not in closed and r.spec.due <= facts.now]
    waits = len(facts.reviews) - len(closed) - len(late)
    said = f"{len(closed)} of {len(records)} overrides and hotfixes were reviewed by somebody else"
    if late:
        state: State = "partly" if closed else "notMet"
        return Answer(state, f"{said}; {len(late)} are late", _CLOSE, records)
    if waits:
        return Answer("partly", f"{said}; {waits} wait, in time", _CLOSE, records)
    return Answer("met", said, records=records)


_CLOSE = "Close the reviews that are listed: `idp-cli get reviews -A`."
