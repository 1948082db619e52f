"""GitOps through the hub: wanted and live by field, the commits, and who may sync."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idp.apps.hub.desired import DesiredCommit, DesiredState
from idp.apps.hub.views.fields import compare_fields
from idp.apps.hub.views.gitops import commit_views, synced_applications
from idp.apps.platform.layout import Layout
from idp.kernel.errors import NotFound
from support.hub import Hub, Instance, Upstream

SYNC = ("admin", "patch", "applications.argoproj.io")
WANTED = """
apiVersion: platform.idp/v1alpha1
kind: WebApplication
metadata: {name: hello, labels: {platform.idp/release: r1}}
spec: {replicas: 2, environment: {A: one}}
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Maya", "-c", "user.email=maya@example.com")
    command = ["git", *identity, *arguments]
    answer = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return answer.stdout.strip()


@pytest.fixture
def repository(layout: Layout, tmp_path: Path) -> list[str]:
    """The commits of the development environment's repository, oldest first."""
    work = tmp_path / "work"
    (work / "demo" / "hello").mkdir(parents=True)
    git(work, "init", "--quiet", "--initial-branch=main")
    (work / "demo" / "hello" / "application.yaml").write_text(WANTED)
    git(work, "add", "--all")
    message = "Deploy hello r1\n\nPromotion: demo/hello-r1\nSource: demo/hello@abc"
    git(work, "commit", "--quiet", "--message", message)
    (work / "other.yaml").write_text("{}")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Another application")
    bare = layout.git / "environments" / "development.git"
    bare.parent.mkdir(parents=True)
    git(work, "clone", "--quiet", "--bare", ".", str(bare))
    return git(work, "rev-list", "--reverse", "main").splitlines()


def argo(revision: str, sync: str = "OutOfSync") -> dict[str, Any]:
    resource = {
        "group": "platform.idp",
        "kind": "WebApplication",
        "namespace": "demo",
        "name": "hello",
        "status": sync,
    }
    return {
        "metadata": {"namespace": "demo", "name": "hello"},
        "spec": {"source": {"path": "demo/hello"}, "syncPolicy": {"automated": {"selfHeal": True}}},
        "status": {"sync": {"status": sync, "revision": revision}, "resources": [resource]},
    }


@pytest.fixture
def instance(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, repository: list[str]
) -> Instance:
    live = {
        "metadata": {
            "namespace": "demo",
            "name": "hello",
            "labels": {"platform.idp/release": "r1"},
        },
        "spec": {"replicas": 5, "port": 8080},
    }
    promotion = {
        "metadata": {"namespace": "demo", "name": "hello-r1"},
        "spec": {"application": "hello", "initiator": "uma"},
    }
    objects = {
        "applications": [argo(repository[-1])],
        "webapplications": [live],
        "promotions": [promotion],
    }
    instance = Instance(objects=objects, allowed={SYNC})
    monkeypatch.setattr(upstream, "answer", instance.answer)
    return instance


async def ask(hub: Hub, path: str, user: str = "maya") -> Any:
    return await hub.client.get(f"/api/v1/gitops{path}", headers=hub.as_user(user))


async def test_each_field_that_differs_is_named(
    hub: Hub, instance: Instance, repository: list[str]
) -> None:
    body = (await ask(hub, "/development/demo/hello")).json()
    (found,) = body["objects"]
    told = {row["path"]: (row["wanted"], row["live"], row["state"]) for row in found["fields"]}
    assert told["spec.replicas"] == ("2", "5", "different")
    assert told["spec.environment.A"] == ("one", None, "missing")
    assert told["spec.port"] == (None, "8080", "unstated")
    assert (body["release"], body["head"], body["behind"]) == ("r1", repository[-1], False)
    (commit,) = body["commits"]
    assert (commit["id"], commit["author"], commit["deployed"]) == (repository[0], "uma", True)
    assert (commit["promotion"], commit["source"]) == ("hello-r1", "demo/hello@abc")


async def test_every_environment_is_told_and_a_silent_one_shows_as_such(
    hub: Hub, instance: Instance
) -> None:
    body = (await ask(hub, "")).json()
    assert [one["state"]["environment"] for one in body] == ["development", "staging", "uat"]
    assert [len(one["applications"]) for one in body] == [1, 0, 0]
    assert body[2]["state"]["error"] != ""


async def test_only_who_may_change_it_is_offered_a_sync(hub: Hub, instance: Instance) -> None:
    for user, may in (("maya", False), ("admin", True)):
        body = (await ask(hub, "/development/demo/hello", user)).json()
        assert body["maySync"] is may


async def test_a_sync_is_asked_for_in_the_callers_name(hub: Hub, instance: Instance) -> None:
    path = "/api/v1/gitops/development/demo/hello/sync?prune=true"
    answer = await hub.client.post(path, headers=hub.as_user("maya"))
    assert answer.status_code == 202
    (change,) = instance.changes
    assert change[:2] == ("maya", "PATCH")
    assert change[2].endswith("/namespaces/demo/applications/hello")
    operation = {"initiatedBy": {"username": "maya"}, "sync": {"prune": True}}
    assert change[3] == {"operation": operation}


@pytest.mark.parametrize("revision", ["main", "--all", "HEAD~1", "0" * 40])
async def test_only_commits_are_read(layout: Layout, repository: list[str], revision: str) -> None:
    with pytest.raises(NotFound):
        await DesiredState(layout).files("development", revision, "demo/hello")


@pytest.mark.parametrize("environment", ["../../hub", "nowhere"])
async def test_no_other_folder_is_a_repository(layout: Layout, environment: str) -> None:
    assert await DesiredState(layout).head(environment) == ""


def test_values_are_compared_as_they_are_written() -> None:
    wanted = {"kind": "X", "spec": {"on": True, "list": [1, {"a": None}], "text": "1"}}
    live = {"kind": "X", "spec": {"on": True, "list": [1], "text": "1"}, "status": {"a": 1}}
    assert {row.state for row in compare_fields(wanted, live)} == {"same"}
    assert {row.state for row in compare_fields(wanted, None)} == {"missing"}


def test_what_controllers_note_is_no_difference() -> None:
    live = {"metadata": {"annotations": {"by": "argo"}, "uid": "1"}, "spec": {}}
    assert compare_fields({"metadata": {"name": "x"}}, live) == []


def test_an_undoing_tells_why() -> None:
    message = (
        'Revert "Deploy hello r2"\n\nThis reverts commit abc.\n\norders fail\n\nPromotion: a/b'
    )
    commit = DesiredCommit("1" * 40, "idp", datetime(2026, 1, 1, tzinfo=UTC), message)
    (view,) = commit_views([commit], [], "")
    assert (view.reason, view.author, view.promotion) == ("orders fail", "idp", "b")
    assert not view.deployed


def test_what_is_not_synced_comes_first() -> None:
    other = argo("b", "Synced")
    other["metadata"] = {"namespace": "demo", "name": "a"}
    found = synced_applications("uat", [other, argo("a")])
    assert [(one.name, one.out_of_sync) for one in found] == [("hello", 1), ("a", 0)]
