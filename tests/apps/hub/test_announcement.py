"""What `git push` shows of what happens next."""

from __future__ import annotations

import pytest

from idp.apps.hub.pushes import Push, announcement

COMMIT = "a1b2c3d" + "0" * 32 + "1"


def push(reference: str, commit: str = COMMIT, repository: str = "demo/hello") -> Push:
    return Push(repository, reference, commit, "maya")


def test_a_commit_on_main_is_built() -> None:
    told = announcement([push("refs/heads/main")], "development")
    assert told.splitlines() == [
        "hello: commit a1b2c3d is built, scanned and signed, then it runs in development.",
        "Watch it: idp-cli app hello -n demo",
    ]


def test_another_branch_is_kept_and_the_command_to_build_it_named() -> None:
    told = announcement([push("refs/heads/feature/fast")], "development")
    assert told.splitlines() == [
        "feature/fast is kept. Only main is built, and what a PromotionTrigger names.",
        "To build it: git push <remote> feature/fast:main",
    ]


def test_each_reference_of_a_push_has_its_lines() -> None:
    told = announcement([push("refs/heads/main"), push("refs/tags/v1")], "development")
    assert told.splitlines()[-1].startswith("v1 is kept. Only main is built")


@pytest.mark.parametrize(
    "silent",
    [
        push("refs/heads/main", "0" * 40),
        push("refs/heads/main", repository="environments/production"),
    ],
)
def test_deletions_and_environments_say_nothing(silent: Push) -> None:
    assert announcement([silent], "development") == ""
