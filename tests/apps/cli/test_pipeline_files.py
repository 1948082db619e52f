from __future__ import annotations

from pathlib import Path

import pytest

from idp.apps.cli.pipeline_files import parse_rules, read_rules
from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.decide.rules import Rules
from idp.capabilities.scanning.kinds import SecurityProfileSpec
from idp.kernel.errors import Invalid, InvalidInput, NotFound

PIPELINE = """\
apiVersion: platform.idp/v1alpha1
kind: PromotionPipeline
metadata: {name: default}
spec: {previous: staging, approval: {required: 2}}
"""
PROFILE = """\
---
apiVersion: platform.idp/v1alpha1
kind: SecurityProfile
metadata: {name: default}
spec: {severity: {high: deny}}
"""


def parse(text: str, *environments: str) -> object:
    return parse_rules(text.encode(), "rules.yaml", environments)


def test_both_kinds_of_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(PIPELINE + PROFILE)
    found = read_rules(path, ("staging", "uat"))
    assert found.pipeline is not None
    assert found.pipeline.approval.required == 2
    assert found.profile is not None
    assert found.profile.severity.high == "deny"


def test_what_a_file_does_not_hold_stays_as_it_is() -> None:
    rules = Rules(PromotionPipelineSpec(automatic=False), SecurityProfileSpec())
    found = parse_rules(PROFILE.encode(), "rules.yaml").over(rules)
    assert found.pipeline is rules.pipeline
    assert found.profile.severity.high == "deny"


def test_every_mistake_with_its_line_and_path() -> None:
    wrong = PIPELINE.replace("required: 2", "required: 99, requird: 1") + PROFILE.replace(
        "default", "strict"
    )
    with pytest.raises(Invalid) as caught:
        parse(wrong)
    assert caught.value.message == "rules.yaml has 3 mistakes"
    told = {cause.field for cause in caught.value.causes}
    assert told == {
        "rules.yaml:1 spec.approval.required",
        "rules.yaml:1 spec.approval.requird",
        "rules.yaml:6 metadata.name",
    }


def test_a_previous_environment_that_does_not_exist() -> None:
    with pytest.raises(Invalid) as caught:
        parse(PIPELINE, "development", "uat")
    (cause,) = caught.value.causes
    assert "there is no environment staging; there are development, uat" in cause.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Deployment\napiVersion: apps/v1\n", "rules.yaml:1: .*Deployment.* is not a kind"),
        ("just words", "is not a kind of rules"),
        (PIPELINE + "---\n" + PIPELINE, "rules.yaml:6: a second PromotionPipeline"),
        ("", "holds no rules"),
        ("a: [", "rules.yaml:1"),
    ],
)
def test_what_is_not_a_file_of_rules_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse(text)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        read_rules(tmp_path / "nowhere.yaml")
