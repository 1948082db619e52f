"""An approval counts when the right person gives it in their own name, for these very bytes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from support.applications import Application
from support.platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

APPROVERS = "idp:approvers:uat"
Released = tuple[Application, str]


@pytest.fixture(scope="module")
def waiting(released: Released) -> dict[str, Any]:
    """The promotion that waits in UAT."""
    application, commit = released
    return application.promotions("uat", commit)[-1]


def approval(waiting: dict[str, Any], approver: str, **changes: Any) -> str:
    """The manifest of an approval."""
    spec = {
        "promotion": waiting["metadata"]["name"],
        "releaseDigest": waiting["status"]["releaseDigest"],
        "target": "uat",
        "policyVersion": waiting["status"]["policyVersion"],
        "decision": "approve",
        "approver": approver,
        "approverGroups": [APPROVERS],
        "accepts": [{"name": "dependencies", "until": "2099-01-01T00:00:00Z"}],
        **changes,
    }
    manifest = {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "Approval",
        "metadata": {"generateName": "by-hand-", "namespace": "demo"},
        "spec": spec,
    }
    return yaml.safe_dump(manifest)


def create(platform: Platform, manifest: str, user: str, *groups: str) -> str:
    """Create an object with `kubectl` as somebody; gives what it answered, good or bad."""
    impersonated = [f"--as-group={group}" for group in ("system:authenticated", *groups)]
    answer = platform.kubectl(
        "uat", "create", "-f", "-", f"--as={user}", *impersonated, check=False, text=manifest
    )
    return answer.stdout + answer.stderr


def still_waits(released: Released, reason: str) -> None:
    """The approval is there, is not counted, and the promotion says why."""
    application, commit = released

    def said() -> bool:
        (promotion,) = application.promotions("uat", commit)
        steps = {step["name"]: step for step in promotion["status"]["steps"]}
        assert steps["approval"]["phase"] == "Running", steps["approval"]
        assert "idp-cli approve" in steps["approval"]["remedy"]
        return reason in steps["approval"]["message"]

    application.platform.until(said, reason, 60)


@pytest.mark.parametrize("user", ["maya", "paul"])
@pytest.mark.parametrize("accept", [(), ("--accept", "dependencies")], ids=["", "accepting"])
def test_not_by_somebody_without_the_role(
    platform: Platform, released: Released, user: str, accept: tuple[str, ...]
) -> None:
    """Maya develops, Paul approves in production: neither approves in UAT."""
    answer = platform.cli("approve", "steady", "-e", "uat", *accept, "--user", user, check=False)
    assert answer.returncode == 4
    assert user in answer.stderr
    assert "approvals" in answer.stderr


def test_not_in_anothers_name(platform: Platform, waiting: dict[str, Any]) -> None:
    said = create(platform, approval(waiting, "uma"), "ulla", APPROVERS)
    assert "spec.approver must be you" in said


def test_not_with_a_group_that_one_is_not_in(platform: Platform, waiting: dict[str, Any]) -> None:
    groups = {"approverGroups": ["idp:administrators"]}
    said = create(platform, approval(waiting, "ulla", **groups), "ulla", APPROVERS)
    assert "may only name groups that you are in" in said


def test_not_by_the_author(platform: Platform, released: Released, waiting: dict[str, Any]) -> None:
    """Maya pushed the release; being an approver, too, does not help her."""
    assert "created" in create(platform, approval(waiting, "maya"), "maya", APPROVERS)
    still_waits(released, "maya is the author of the release")


def test_not_for_another_digest(
    platform: Platform, released: Released, waiting: dict[str, Any]
) -> None:
    other = f"sha256:{'0' * 64}"
    manifest = approval(waiting, "ulla", releaseDigest=other)
    assert "created" in create(platform, manifest, "ulla", APPROVERS)
    still_waits(released, "it is for another digest")


def test_not_for_another_target(
    platform: Platform, released: Released, waiting: dict[str, Any]
) -> None:
    manifest = approval(waiting, "ulla", target="production")
    assert "created" in create(platform, manifest, "ulla", APPROVERS)
    still_waits(released, "it is for another target")


def test_a_gap_is_not_accepted_by_silence(platform: Platform, released: Released) -> None:
    answer = platform.cli("approve", "steady", "-e", "uat", "--user", "uma", check=False)
    assert answer.returncode == 1
    assert "gaps that nobody accepted yet: dependencies" in answer.stderr
    assert "--accept dependencies" in answer.stderr


def test_an_approval_never_changes(platform: Platform, waiting: dict[str, Any]) -> None:
    names = [a["metadata"]["name"] for a in platform.objects("uat", "approvals")]
    patch = '{"spec": {"approver": "uma"}}'
    answer = platform.kubectl(
        "uat",
        "patch",
        "approval.platform.idp",
        names[0],
        "-n",
        "demo",
        "--type=merge",
        "-p",
        patch,
        check=False,
    )
    assert "an approval never changes" in answer.stderr


def test_the_right_person_approves(platform: Platform, released: Released) -> None:
    application, commit = released
    accept = ("--accept", "dependencies")
    platform.cli("approve", "steady", "-e", "uat", *accept, "--user", "uma")
    platform.until(lambda: application.phase("uat", commit) == "Succeeded", "UAT", 120)
