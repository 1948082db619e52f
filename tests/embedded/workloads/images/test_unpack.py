"""Nothing in a layer is trusted."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.embedded.workloads.images.unpack import Unpacker, UnpackLimits, inside
from idp.kernel.errors import IdpError, InvalidInput, TooLarge, VerificationFailed

Entry = tuple[str, bytes, str]
"""Name, tar type, content or link target."""

FILE, FOLDER, LINK, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def tar(*entries: Entry, mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, type, text in entries:
            member = tarfile.TarInfo(name)
            member.type, member.mode = type, mode
            if type == FILE:
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
            else:
                member.linkname = text
                archive.addfile(member)
    return buffer.getvalue()


def apply(folder: Path, *layers: bytes, limits: UnpackLimits | None = None) -> Path:
    root = folder / "root"
    root.mkdir(parents=True)
    unpacker = Unpacker(root, limits or UnpackLimits())
    for layer in layers:
        file = folder / "layer"
        file.write_bytes(gzip.compress(layer, mtime=0))
        diff_id = f"sha256:{hashlib.sha256(layer).hexdigest()}"
        unpacker.layer(file, compressed=True, diff_id=diff_id)
    return root


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_files_links_and_modes(tmp_path: Path) -> None:
    layer = tar(
        ("bin/tool", FILE, "text"),
        ("bin/same", HARD, "bin/tool"),
        ("bin/other", LINK, "tool"),
        ("etc/abs", LINK, "/bin/tool"),
        mode=0o4755,
    )
    root = apply(tmp_path, layer)
    assert (root / "bin/same").read_text() == "text"
    assert (root / "bin/other").read_text() == "text"
    assert (root / "bin/tool").stat().st_mode & 0o7777 == 0o755
    assert str((root / "etc/abs").readlink()) == "/bin/tool"


def test_whiteouts_remove_what_lower_layers_brought(tmp_path: Path) -> None:
    lower = tar(("a/old", FILE, "1"), ("a/kept", FILE, "1"), ("b/one", FILE, "1"))
    upper = tar(
        ("a/.wh.old", FILE, ""),
        ("b/new", FILE, "2"),
        ("b/.wh..wh..opq", FILE, ""),
    )
    assert tree(apply(tmp_path, lower, upper)) == {"a", "a/kept", "b", "b/new"}


def test_a_later_layer_replaces(tmp_path: Path) -> None:
    lower = tar(("x", FILE, "1"), ("y/z", FILE, "1"), ("l", LINK, "x"))
    upper = tar(("x/inner", FILE, "2"), ("l", FILE, "mine"))
    with pytest.raises(InvalidInput, match="a file where a folder must be"):
        apply(tmp_path, lower, upper)
    root = apply(tmp_path / "again", lower, tar(("l", FILE, "mine"), ("y", FILE, "2")))
    assert (root / "l").read_text() == "mine"
    assert not (root / "l").is_symlink()
    assert (root / "x").read_text() == "1"
    assert (root / "y").read_text() == "2"


def test_links_are_followed_inside_the_image(tmp_path: Path) -> None:
    layer = tar(
        ("usr/lib", FOLDER, ""), ("lib", LINK, "/usr/lib"), ("lib/module", FILE, "x"), mode=0o755
    )
    assert (apply(tmp_path, layer) / "usr/lib/module").read_text() == "x"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([("../out", FILE, "x")], "outside its root"),
        ([("a/../../out", FILE, "x")], "outside its root"),
        ([("out", LINK, "../../etc")], "leads outside"),
        ([("a/b", LINK, "../../etc")], "leads outside"),
        ([("out", HARD, "/etc/passwd")], "hard link to nothing"),
        ([("out", HARD, "../../../../etc/passwd")], "hard link to nothing"),
        ([("l", LINK, "l"), ("l/x", FILE, "x")], "leads outside its root"),
        ([("dev/sda", tarfile.BLKTYPE, "")], "holds a device"),
        ([("dev/tty", tarfile.CHRTYPE, "")], "holds a device"),
        ([("pipe", tarfile.FIFOTYPE, "")], "holds a device"),
        ([("a/.wh...", FILE, "")], "whiteout of nothing"),
    ],
)
def test_what_is_refused(tmp_path: Path, entries: list[Entry], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        apply(tmp_path, tar(*entries))


def test_an_absolute_link_does_not_lead_out(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    root = apply(tmp_path / "image", tar(("l", LINK, str(target)), ("l/file", FILE, "x")))
    assert not list(target.iterdir())
    assert (root / str(target).lstrip("/") / "file").read_text() == "x"


@pytest.mark.parametrize(
    ("limits", "layer"),
    [
        (UnpackLimits(total_bytes=20_000), tar(("big", FILE, "x" * 30_000))),
        (UnpackLimits(entries=3), tar(*[(f"f{n}", FILE, "") for n in range(4)])),
    ],
)
def test_limits(tmp_path: Path, limits: UnpackLimits, layer: bytes) -> None:
    with pytest.raises(TooLarge):
        apply(tmp_path, layer, limits=limits)


def test_limits_count_over_all_layers(tmp_path: Path) -> None:
    layers = [tar((f"f{n}", FILE, "x" * 8_000)) for n in range(3)]
    with pytest.raises(TooLarge):
        apply(tmp_path, *layers, limits=UnpackLimits(total_bytes=30_000))


def test_another_content_than_the_configuration_says_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    file = tmp_path / "layer"
    file.write_bytes(tar(("a", FILE, "x")))
    unpacker = Unpacker(tmp_path / "root", UnpackLimits())
    with pytest.raises(VerificationFailed):
        unpacker.layer(file, compressed=False, diff_id=f"sha256:{'0' * 64}")


GZIP = gzip.compress(tar(("a", FILE, "text" * 5000)), mtime=0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip at all",
        gzip.compress(b"no tar" * 200, mtime=0),
        GZIP[:-20],
        GZIP[:40] + b"?????" + GZIP[45:],
    ],
    ids=["empty", "no gzip", "no tar", "cut off", "damaged"],
)
def test_rubbish_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "root").mkdir()
    file = tmp_path / "layer"
    file.write_bytes(content)
    with pytest.raises((InvalidInput, VerificationFailed)):
        Unpacker(tmp_path / "root", UnpackLimits()).layer(file, compressed=True, diff_id="sha256:0")


PARTS = st.sampled_from(["a", "b", "..", ".", "", "/", ".wh.a", ".wh..wh..opq", "c"])
PATHS = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
ENTRIES = st.tuples(PATHS, st.sampled_from([FILE, FOLDER, LINK, HARD]), PATHS)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ENTRIES, max_size=8))
def test_no_archive_writes_outside(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]
) -> None:
    folder = tmp_path_factory.mktemp("image")
    with contextlib.suppress(IdpError):
        apply(folder / "inner", tar(*entries, mode=0o755))
    assert tree(folder) - {"inner", "inner/layer"} == {
        name for name in tree(folder) if name.startswith("inner/root")
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b", "a/b"),
        ("/a//./b", "a/b"),
        ("a/../b", "b"),
        ("link/x", "real/x"),
        ("absolute/x", "real/x"),
        ("..", None),
        ("loop/x", None),
    ],
)
def test_inside(tmp_path: Path, path: str, expected: str | None) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "absolute").symlink_to("/real")
    (tmp_path / "loop").symlink_to("loop")
    found = inside(tmp_path, path)
    assert found == (None if expected is None else tmp_path / expected)
