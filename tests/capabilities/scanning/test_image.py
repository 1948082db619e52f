from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.scanning import image as image_module
from idp.capabilities.scanning.image import is_own, lay_out, read_image
from idp.kernel.errors import Invalid, NotFound, TooLarge
from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_INDEX, IMAGE_MANIFEST


def nothing(_: str) -> bool:
    return False


async def test_the_applications_own_files_are_kept_and_laid_out(
    images: Any, tmp_path: Path
) -> None:
    files = {"app/hello/main.py": b"x = 1\n", "app/site-packages/a.py": b"1", "etc/passwd": b"1"}
    digest = await images.push(images.layer_of(files))
    image = await read_image(images.registry, "demo/hello", digest, tmp_path, nothing)
    assert sorted(image.files) == sorted(files)
    assert image.labels["platform.idp/base"] == "host"
    sources = tmp_path / "sources"
    lay_out(image, sources)
    assert [p.relative_to(sources).as_posix() for p in sources.rglob("*") if p.is_file()] == [
        "app/hello/main.py"
    ]
    assert (sources / "app/hello/main.py").read_bytes() == b"x = 1\n"


@pytest.mark.parametrize(
    ("place", "path", "own"),
    [
        ("app", "app/main.py", True),
        ("app", "application/main.py", False),
        ("app", "app/site-packages/flask/app.py", False),
        ("app", "app/web/node_modules/x.js", False),
        ("", "main.py", False),
    ],
)
def test_own_files_are_those_of_the_working_directory(place: str, path: str, own: bool) -> None:
    assert is_own(place, path) is own


async def test_a_missing_image_is_named(images: Any, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await read_image(images.registry, "demo/hello", "sha256:" + "0" * 64, tmp_path, nothing)


async def test_other_layers_are_refused_by_name(images: Any, tmp_path: Path) -> None:
    zstd = "application/vnd.oci.image.layer.v1.tar+zstd"
    digest = await images.push(b"x", media_type=zstd)
    with pytest.raises(Invalid, match="zstd"):
        await read_image(images.registry, "demo/hello", digest, tmp_path, nothing)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"mediaType": IMAGE_INDEX, "manifests": []}, "of one platform|cannot be scanned"),
        ({"mediaType": IMAGE_MANIFEST, "config": {"mediaType": EMPTY_JSON}}, "not a whole image"),
    ],
)
async def test_what_is_no_image_is_refused(
    images: Any, tmp_path: Path, manifest: dict[str, Any], message: str
) -> None:
    config = await images.registry.push_blob("demo/hello", b"{}", EMPTY_JSON)
    body = {"schemaVersion": 2, **manifest}
    if "config" in body:
        body["config"] = config.as_json()
    stored = await images.registry.push_manifest("demo/hello", body)
    with pytest.raises(Invalid, match=message):
        await read_image(images.registry, "demo/hello", stored.digest, tmp_path, nothing)


async def test_an_artifact_is_no_image(images: Any, tmp_path: Path) -> None:
    config = await images.registry.push_blob("demo/hello", b"{}", EMPTY_JSON)
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config.as_json(),
        "layers": [],
    }
    stored = await images.registry.push_manifest("demo/hello", manifest)
    with pytest.raises(Invalid, match="is no image"):
        await read_image(images.registry, "demo/hello", stored.digest, tmp_path, nothing)


@pytest.mark.parametrize(
    "config", [[], {"config": []}, {"config": {"Labels": [], "WorkingDir": 1}}]
)
async def test_an_odd_configuration_does_no_harm(images: Any, tmp_path: Path, config: Any) -> None:
    digest = await images.push(images.layer_of({"a": b"1"}), config=config)
    try:
        image = await read_image(images.registry, "demo/hello", digest, tmp_path, nothing)
    except Invalid:
        assert config == []
    else:
        assert image.labels == {}


async def test_a_layer_over_the_limit_is_not_read(
    images: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_module, "MAX_LAYER_BYTES", 10)
    digest = await images.push(images.layer_of({"a": b"1"}))
    with pytest.raises(TooLarge, match="more than 10 bytes"):
        await read_image(images.registry, "demo/hello", digest, tmp_path, nothing)


async def test_a_name_that_the_disk_does_not_take_is_refused(images: Any, tmp_path: Path) -> None:
    digest = await images.push(images.layer_of({"app/" + "x" * 300: b"1"}))
    image = await read_image(images.registry, "demo/hello", digest, tmp_path, nothing)
    with pytest.raises(Invalid, match="cannot be laid out"):
        lay_out(image, tmp_path / "sources")
