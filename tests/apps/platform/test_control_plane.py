from __future__ import annotations

from pathlib import Path

import pytest

from idp.apps.platform.control_plane import (
    ControlPlaneSettings,
    choose_control_plane,
    parse_control_plane,
)
from idp.apps.platform.settings import settings_from_port
from idp.embedded.controlplane.binaries import PROGRAMS
from idp.kernel.errors import InvalidInput, MissingPrerequisite

EMBEDDED = ControlPlaneSettings()


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both programs, where the environment says."""
    folder = tmp_path / "assets"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).touch(mode=0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder))
    return folder


@pytest.mark.parametrize("text", ["embedded", "envtest", "kubeconfig:/a/b"])
def test_a_choice_reads_as_it_is_written(text: str) -> None:
    assert str(parse_control_plane(text)) == text


@pytest.mark.parametrize(
    "text", ["", "kubeconfig", "kubeconfig:", "envtest:x", "embedded:", "kind", "Envtest"]
)
def test_anything_else_is_refused_with_the_choices(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no control plane") as raised:
        parse_control_plane(text)
    assert "kubeconfig:PATH" in str(raised.value.remedy)


def test_a_relative_path_is_kept_as_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_control_plane("kubeconfig:x").kubeconfig == str(tmp_path / "x")


def test_nothing_said_is_embedded_or_what_it_was(tmp_path: Path, assets: Path) -> None:
    assert choose_control_plane(None, None, tmp_path) == EMBEDDED
    envtest = ControlPlaneSettings(kind="envtest", assets=str(assets))
    assert choose_control_plane(None, envtest, tmp_path) == envtest


def test_the_programs_may_move_and_are_remembered(
    tmp_path: Path, assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = ControlPlaneSettings(kind="envtest", assets="/gone")
    assert choose_control_plane("envtest", former, tmp_path).assets == str(assets)
    monkeypatch.delenv("KUBEBUILDER_ASSETS")
    remembered = ControlPlaneSettings(kind="envtest", assets=str(assets))
    assert choose_control_plane(None, remembered, tmp_path).assets == str(assets)


@pytest.mark.parametrize("wanted", ["envtest", "kubeconfig:/a"])
def test_it_does_not_change(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(InvalidInput, match="has the control plane embedded") as raised:
        choose_control_plane(wanted, EMBEDDED, tmp_path)
    assert "--data" in str(raised.value.remedy)


def test_missing_programs_are_refused_before_anything_is_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(MissingPrerequisite, match="cannot be run"):
        choose_control_plane("envtest", None, tmp_path)


def test_apis_that_run_elsewhere_need_no_ports() -> None:
    settings = settings_from_port(9600)
    assert "uat API" in settings.ports()
    elsewhere = ControlPlaneSettings(kind="kubeconfig", kubeconfig="/a")
    settings = settings.model_copy(update={"control_plane": elsewhere})
    assert "uat API" not in settings.ports()
    assert "uat gateway" in settings.ports()
