from __future__ import annotations

from pathlib import Path

import pytest

from idp.apps.cli.discovery import Served, choose, choose_by_kind
from idp.apps.cli.resources import read_manifests
from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.resource import ResourceType

APPLICATIONS = ResourceType("platform.idp", "v1alpha1", "WebApplication", "webapplications")
SERVED = [Served(APPLICATIONS, frozenset({"webapplication", "webapplications", "app", "apps"}))]


@pytest.mark.parametrize("name", ["app", "apps", "WebApplication", "webapplications"])
def test_a_kind_goes_by_all_its_names(name: str) -> None:
    assert choose(SERVED, name) == APPLICATIONS


def test_a_misspelt_kind_gets_a_hint() -> None:
    with pytest.raises(NotFound) as raised:
        choose(SERVED, "webaplications")
    assert "webapplications" in str(raised.value.remedy)


def test_a_manifest_names_its_kind_exactly() -> None:
    manifest = {"apiVersion": "platform.idp/v1alpha1", "kind": "WebApplication"}
    assert choose_by_kind(SERVED, manifest) == APPLICATIONS
    with pytest.raises(NotFound):
        choose_by_kind(SERVED, manifest | {"apiVersion": "platform.idp/v2"})


def test_folders_are_read_in_order_and_empty_documents_left_out(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("kind: B\n---\n---\nkind: C\n")
    (tmp_path / "a.yml").write_text("kind: A\n")
    (tmp_path / "readme.md").write_text("no")
    assert [m["kind"] for m in read_manifests(tmp_path)] == ["A", "B", "C"]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]\nkind: K\n",
        "kind: K\nkind: L\n",
        "just text",
        "name: without kind\n",
        "kind: [",
    ],
)
def test_what_is_no_plain_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(InvalidInput) as raised:
        list(read_manifests(tmp_path / "x.yaml"))
    assert "x.yaml" in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(read_manifests(tmp_path / "none.yaml"))
