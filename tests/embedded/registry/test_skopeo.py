"""skopeo, a client nobody here wrote, copies an image to the registry and back."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.protocols.oci.client import HttpRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST
from idp.protocols.oci.reference import digest_of

SKOPEO = shutil.which("skopeo")
LAYER = "application/vnd.oci.image.layer.v1.tar"
pytestmark = pytest.mark.skipif(SKOPEO is None, reason="skopeo is not installed")


def layout(folder: Path, text: bytes = b"layer") -> str:
    """Write an OCI image layout; gives the manifest's digest."""

    def add(content: bytes, media_type: str) -> dict[str, Any]:
        digest = digest_of(content)
        path = folder / "blobs/sha256" / digest.removeprefix("sha256:")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    layer = add(text, LAYER)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": add(orjson.dumps(config), IMAGE_CONFIG),
        "layers": [layer],
    }
    entry = add(orjson.dumps(manifest), IMAGE_MANIFEST)
    index = {"schemaVersion": 2, "manifests": [entry]}
    (folder / "index.json").write_bytes(orjson.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return str(entry["digest"])


async def skopeo(*arguments: str) -> tuple[int, str]:
    assert SKOPEO is not None
    process = await asyncio.create_subprocess_exec(
        SKOPEO,
        "--insecure-policy",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def push(registry: Any, folder: Path, image: str, password: str) -> tuple[int, str]:
    host = registry.url.removeprefix("http://")
    return await skopeo(
        "copy",
        "--preserve-digests",
        "--dest-tls-verify=false",
        f"--dest-creds=admin:{password}",
        f"oci:{folder}",
        f"docker://{host}/{image}",
    )


async def test_an_image_goes_to_the_registry_and_back(registry: Any, tmp_path: Path) -> None:
    digest = layout(tmp_path / "source")
    code, output = await push(registry, tmp_path / "source", "demo/hello:1.0", "admin-password")
    assert code == 0, output
    async with HttpRegistry(registry.remote()) as client:
        assert (await client.manifest("demo/hello", "1.0")).digest == digest
    host = registry.url.removeprefix("http://")
    for reference in (":1.0", f"@{digest}"):
        target = tmp_path / "target"
        code, output = await skopeo(
            "copy",
            "--preserve-digests",
            "--src-tls-verify=false",
            "--src-creds=admin:admin-password",
            f"docker://{host}/demo/hello{reference}",
            f"oci:{target}",
        )
        assert code == 0, output
        assert (target / "blobs/sha256" / digest.removeprefix("sha256:")).is_file()
        shutil.rmtree(target)


async def test_skopeo_shows_why_it_is_refused(registry: Any, tmp_path: Path) -> None:
    layout(tmp_path / "one")
    layout(tmp_path / "two", b"other")
    code, output = await push(registry, tmp_path / "one", "demo/hello:1.0", "wrong")
    assert code != 0
    assert "unauthorized" in output.lower() or "authentication required" in output.lower()
    assert (await push(registry, tmp_path / "one", "demo/hello:1.0", "admin-password"))[0] == 0
    code, output = await push(registry, tmp_path / "two", "demo/hello:1.0", "admin-password")
    assert code != 0
    assert "immutable" in output


async def test_skopeo_lists_and_deletes(registry: Any, tmp_path: Path) -> None:
    layout(tmp_path / "source")
    await push(registry, tmp_path / "source", "demo/hello:1.0", "admin-password")
    host = registry.url.removeprefix("http://")
    access = ("--tls-verify=false", "--creds=admin:admin-password")
    code, output = await skopeo("list-tags", *access, f"docker://{host}/demo/hello")
    assert (code, orjson.loads(output)["Tags"]) == (0, ["1.0"])
    code, output = await skopeo("delete", *access, f"docker://{host}/demo/hello:1.0")
    assert code == 0, output
    async with HttpRegistry(registry.remote()) as client:
        assert await client.tags("demo/hello") == []
