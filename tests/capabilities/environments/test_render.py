from __future__ import annotations

import pytest

from idp.capabilities.environments.kinds import IDPInstance, PromotionPipeline
from idp.capabilities.environments.render import default_pipeline, instance


@pytest.mark.parametrize(
    ("environment", "previous", "approvals"),
    [
        ("development", None, 0),
        ("staging", "development", 0),
        ("uat", "staging", 1),
        ("production", "uat", 1),
    ],
)
def test_the_gates_of_the_four(environment: str, previous: str | None, approvals: int) -> None:
    spec = PromotionPipeline.parse(default_pipeline(environment)).spec
    assert (spec.previous, spec.automatic) == (previous, True)
    assert spec.approval.required == approvals
    assert spec.approval.exclude_author


def test_an_unknown_environment_takes_nothing_by_itself() -> None:
    spec = PromotionPipeline.parse(default_pipeline("qa")).spec
    assert not spec.automatic
    assert spec.approval.required == 1


def test_the_instance_has_the_name_of_its_environment() -> None:
    parsed = IDPInstance.parse(instance("uat"))
    assert (parsed.name, parsed.spec.environment) == ("uat", "uat")


def test_the_version_ignores_defaults_and_sees_changes() -> None:
    def version(**spec: object) -> str:
        body = {"metadata": {"name": "default"}, "spec": spec}
        return PromotionPipeline.parse(body).spec.version

    assert version() == version(automatic=True, approval={"required": 0})
    assert version() != version(approval={"required": 1})
