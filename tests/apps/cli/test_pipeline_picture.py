from __future__ import annotations

from idp.apps.cli.pipeline_picture import gates, in_order, picture
from idp.capabilities.environments.kinds import ApprovalRule, PromotionPipelineSpec

DEVELOPMENT = PromotionPipelineSpec()
STAGING = PromotionPipelineSpec(previous="development")
PRODUCTION = PromotionPipelineSpec(
    previous="staging", automatic=False, approval=ApprovalRule(required=2)
)


def test_from_the_push_to_production() -> None:
    pipelines = {"production": PRODUCTION, "development": DEVELOPMENT, "staging": STAGING}
    drawn = picture(pipelines, {"staging": "r2-3fa9c1d"})
    heads = [line for line in drawn if not line.startswith(("│", "▼"))]
    assert heads == ["git push", "development", "staging   runs r2-3fa9c1d", "production"]
    assert "│  verified in staging" in drawn
    assert "│    is started by a person" in drawn


def test_an_approval_is_drawn_with_who_may_not_give_it() -> None:
    told = "\n".join(gates(PRODUCTION))
    assert "approval: 2 people must approve, not author or initiator, within 168 h" in told
    assert "approval: nobody approves" in "\n".join(gates(STAGING))


def test_a_circle_is_drawn_and_not_walked_for_ever() -> None:
    circle = {
        "a": PromotionPipelineSpec(previous="b"),
        "b": PromotionPipelineSpec(previous="a"),
        "c": PromotionPipelineSpec(),
    }
    assert in_order(circle) == ["c", "a", "b"]


def test_a_previous_that_is_not_among_them_comes_first() -> None:
    assert in_order({"uat": PromotionPipelineSpec(previous="elsewhere")}) == ["uat"]
