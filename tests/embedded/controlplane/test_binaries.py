from __future__ import annotations

from pathlib import Path

import pytest

from idp.embedded.controlplane.binaries import PROGRAMS, find_binaries
from idp.kernel.errors import MissingPrerequisite


def assets(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).touch(mode=0o755)
    return folder


def test_the_variable_counts_first(tmp_path: Path) -> None:
    named, other = assets(tmp_path / "a", *PROGRAMS), assets(tmp_path / "b", *PROGRAMS)
    environment = {"KUBEBUILDER_ASSETS": str(named), "PATH": str(other)}
    found = find_binaries(environment, other)
    assert (found.etcd, found.apiserver) == (named / "etcd", named / "kube-apiserver")


def test_what_was_found_before_counts_before_the_path(tmp_path: Path) -> None:
    former, other = assets(tmp_path / "a", *PROGRAMS), assets(tmp_path / "b", *PROGRAMS)
    assert find_binaries({"PATH": str(other)}, former).folder == former
    (former / "etcd").unlink()
    assert find_binaries({"PATH": str(other)}, former).folder == other


@pytest.mark.parametrize("names", [(), ("etcd",), ("kube-apiserver",)])
def test_a_named_folder_without_them_is_refused_and_nothing_else_is_tried(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    named, other = assets(tmp_path / "a", *names), assets(tmp_path / "b", *PROGRAMS)
    with pytest.raises(MissingPrerequisite, match="cannot be run") as raised:
        find_binaries({"KUBEBUILDER_ASSETS": str(named), "PATH": str(other)})
    assert all((name in raised.value.message) is (name not in names) for name in PROGRAMS)


def test_half_of_them_on_the_path_is_not_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.embedded.controlplane.binaries.DEFAULT_ASSETS", tmp_path / "none")
    half = assets(tmp_path / "a", "kube-apiserver")
    with pytest.raises(MissingPrerequisite) as raised:
        find_binaries({"PATH": str(half)})
    assert "setup-envtest" in str(raised.value.remedy)
