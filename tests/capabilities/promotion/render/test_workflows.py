from __future__ import annotations

import pytest

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.kinds import Promotion
from idp.capabilities.promotion.render import promotion_workflow, push_workflow
from idp.capabilities.promotion.render.workflows import longest_seconds, push_workflow_name
from idp.kernel.errors import InvalidInput

COMMIT = "0123456789abcdef" * 2 + "01234567"


def promotion(action: str = "promote") -> Promotion:
    return Promotion.parse(
        {
            "metadata": {"name": "hello-r1", "namespace": "demo", "uid": "u-1"},
            "spec": {
                "application": "hello",
                "action": action,
                "release": "hello-r1" if action == "promote" else "",
                "reason": "slow",
            },
        }
    )


def test_golden_push() -> None:
    assert push_workflow("demo", "hello", "demo/hello", COMMIT, "ada") == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": "push-hello-0123456789ab",
            "namespace": "demo",
            "labels": {
                "app.kubernetes.io/managed-by": "idp",
                "platform.idp/application": "hello",
                "platform.idp/commit": COMMIT,
            },
        },
        "spec": {
            "serviceAccountName": "idp-pipeline",
            "workflowTemplateRef": {"name": "push", "clusterScope": True},
            "arguments": {
                "parameters": [
                    {"name": "application", "value": "hello"},
                    {"name": "repository", "value": "demo/hello"},
                    {"name": "commit", "value": COMMIT},
                    {"name": "author", "value": "ada"},
                ]
            },
        },
    }


def test_promotion_has_its_own_name_owner_and_deadlines() -> None:
    workflow = promotion_workflow(promotion(), PromotionPipelineSpec())
    assert workflow["metadata"]["name"] == "hello-r1"
    assert [o["uid"] for o in workflow["metadata"]["ownerReferences"]] == ["u-1"]
    values = {p["name"]: p["value"] for p in workflow["spec"]["arguments"]["parameters"]}
    assert values == {
        "application": "hello",
        "promotion": "hello-r1",
        "promotion-uid": "u-1",
        "release": "hello-r1",
        "approval-deadline": "604800",
        "gates-deadline": "1209900",
        "turn-deadline": "3600",
        "rollout-deadline": "120",
        "verification-deadline": "60",
    }


def test_rollback_names_no_release() -> None:
    workflow = promotion_workflow(promotion("rollback"), PromotionPipelineSpec())
    assert workflow["spec"]["workflowTemplateRef"]["name"] == "rollback"
    names = [p["name"] for p in workflow["spec"]["arguments"]["parameters"]]
    assert "release" not in names


@pytest.mark.parametrize(
    "author",
    ['x"\n  uses: commit', "x\nspec: {}", 'a"b', "", "{{workflow.name}}", "a\\", " a", "a" * 300],
)
def test_a_value_that_could_break_out_of_its_quotes_is_refused(author: str) -> None:
    with pytest.raises(InvalidInput, match="author"):
        push_workflow("demo", "hello", "demo/hello", COMMIT, author)


@pytest.mark.parametrize("commit", ["main", COMMIT[:12], COMMIT.upper(), f"{COMMIT}\n"])
def test_only_a_full_commit_id_is_built(commit: str) -> None:
    with pytest.raises(InvalidInput, match="not a full commit id"):
        push_workflow("demo", "hello", "demo/hello", commit, "ada")


def test_a_long_name_is_shortened_and_stays_apart_from_others() -> None:
    names = {push_workflow_name("a" * 60 + end, COMMIT) for end in "xyz"}
    assert len(names) == 3
    assert all(len(name) <= 63 for name in names)


def test_the_longest_course_contains_every_wait() -> None:
    rules = PromotionPipelineSpec()
    assert longest_seconds(rules) > rules.approval.deadline_hours * 3600
