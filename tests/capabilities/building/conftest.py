"""Wheels made on the spot, and projects that lock them."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

MakeWheel = Callable[..., "Wheel"]


@dataclass(frozen=True)
class Wheel:
    """A wheel file, and how locks name it."""

    name: str
    version: str
    path: Path
    sha256: str

    @property
    def pylock(self) -> str:
        return (
            f'[[packages]]\nname = "{self.name}"\nversion = "{self.version}"\n'
            f'wheels = [{{ name = "{self.path.name}", url = "https://example.invalid/'
            f'{self.path.name}", hashes = {{ sha256 = "{self.sha256}" }} }}]\n'
        )

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """The folder that stands for the package index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def make_wheel(wheels: Path) -> MakeWheel:
    """Make a pure Python wheel."""

    def make(
        name: str,
        version: str = "1.0",
        *,
        files: dict[str, str] | None = None,
        scripts: dict[str, str] | None = None,
        data_scripts: dict[str, str] | None = None,
        tag: str = "py3-none-any",
    ) -> Wheel:
        information = f"{name}-{version}.dist-info"
        content = dict(files or {f"{name}.py": f'VERSION = "{version}"\n'})
        content |= {
            f"{name}-{version}.data/scripts/{k}": v for k, v in (data_scripts or {}).items()
        }
        content[f"{information}/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        content[f"{information}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"
        if scripts:
            lines = "".join(f"{k} = {v}\n" for k, v in scripts.items())
            content[f"{information}/entry_points.txt"] = f"[console_scripts]\n{lines}"
        record = "".join(f"{path},{_hash(text)},{len(text)}\n" for path, text in content.items())
        content[f"{information}/RECORD"] = f"{record}{information}/RECORD,,\n"
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, text in content.items():
                archive.writestr(zipfile.ZipInfo(path), text)
        target = wheels / f"{name}-{version}-{tag}.whl"
        target.write_bytes(buffer.getvalue())
        return Wheel(name, version, target, hashlib.sha256(buffer.getvalue()).hexdigest())

    return make


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.fixture
def write_tree() -> Callable[[Path, dict[str, str]], Path]:
    """Write files below a folder."""

    def write(root: Path, files: dict[str, str]) -> Path:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return root

    return write
