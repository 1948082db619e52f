"""Dependencies are raised in the locks that uv writes, against an index on this machine."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from uv import find_uv_bin

from idp.apps.cli.fix import Raise, raise_locks
from idp.kernel.errors import InvalidInput


def wheel(folder: Path, name: str, version: str) -> None:
    """A wheel with nothing but its metadata."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_hash(text)},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


class Index(SimpleHTTPRequestHandler):
    """A package index (PEP 503) with one package."""

    wheels: Path

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if name:
            body, kind = (self.wheels / name).read_bytes(), "application/octet-stream"
        else:
            links = (
                f'<a href="/{path.name}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}">'
                f"{path.name}</a>"
                for path in sorted(self.wheels.iterdir())
            )
            body, kind = f"<!DOCTYPE html><html>{''.join(links)}</html>".encode(), "text/html"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for which the only packages are three versions of `lamb`."""
    wheels, folder = tmp_path / "wheels", tmp_path / "project"
    wheels.mkdir()
    folder.mkdir()
    for version in ("1.0", "1.5", "2.0"):
        wheel(wheels, "lamb", version)
    handler = type("ThisIndex", (Index,), {"wheels": wheels})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for name, value in (
            ("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple"),
            ("UV_CACHE_DIR", str(tmp_path / "cache")),
            ("UV_NO_CONFIG", "1"),
            ("NO_PROXY", "127.0.0.1"),
        ):
            monkeypatch.setenv(name, value)
        for name in ("UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"):
            monkeypatch.delenv(name, raising=False)
        yield folder
        server.shutdown()
        thread.join()


WANTED = Raise("lamb", "1.0", "1.5", ("CVE-1",))


def lock(folder: Path, requirement: str) -> None:
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n'
        f'dependencies = ["{requirement}"]\n[tool.uv]\npackage = false\n'
    )
    subprocess.run(
        [find_uv_bin(), "lock", "--quiet", "--upgrade-package", "lamb==1.0"], cwd=folder, check=True
    )


def test_a_uv_lock_is_raised_to_that_version_and_not_further(project: Path) -> None:
    lock(project, "lamb")
    assert 'version = "1.0"' in (project / "uv.lock").read_text()
    assert raise_locks(project, WANTED) == ["uv.lock"]
    text = (project / "uv.lock").read_text()
    assert 'version = "1.5"' in text
    assert 'version = "2.0"' not in text


def test_what_the_project_forbids_is_told(project: Path) -> None:
    lock(project, "lamb<1.2")
    with pytest.raises(InvalidInput, match=r"cannot be raised|stays at 1\.0"):
        raise_locks(project, WANTED)


def test_requirements_are_raised_with_their_hashes(project: Path) -> None:
    path = project / "requirements.txt"
    path.write_text("lamb==1.0 \\\n    --hash=sha256:00\nother==3\n")
    assert raise_locks(project, WANTED) == ["requirements.txt"]
    first, second, *rest = path.read_text().splitlines()
    assert first == "lamb==1.5 \\"
    assert second.strip().startswith("--hash=sha256:")
    assert rest == ["other==3"]


def test_a_version_that_nobody_has_changes_nothing(project: Path) -> None:
    path = project / "requirements.txt"
    path.write_text("lamb==1.0\n")
    with pytest.raises(InvalidInput, match="cannot be raised"):
        raise_locks(project, Raise("lamb", "1.0", "9.9", ("CVE-1",)))
    assert path.read_text() == "lamb==1.0\n"


def test_locks_of_others_are_refused_by_name(project: Path) -> None:
    (project / "package-lock.json").write_text("{}")
    with pytest.raises(InvalidInput, match=r"no uv\.lock and no requirements\.txt"):
        raise_locks(project, WANTED)
