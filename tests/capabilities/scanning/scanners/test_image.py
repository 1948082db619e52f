from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.scanning.image import Image
from idp.capabilities.scanning.layers import File
from idp.capabilities.scanning.sbom import Bill
from idp.capabilities.scanning.scanners.image import MAX_TOLD, ImageRules, judge
from idp.capabilities.scanning.scanners.ports import Target
from idp.kernel.errors import Invalid
from idp.protocols.oci.runtime import BASE_LABEL, HOST_BASE


def image(history: Any = None, modes: dict[str, int] | None = None, **settings: Any) -> Image:
    files = {path: File(1, "0" * 64, None, mode) for path, mode in (modes or {}).items()}
    config = {"config": {"User": "10001", **settings}, "history": history or []}
    return Image("demo/hello", "sha256:1", config, files)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (image(), []),
        (image(User="app:app"), []),
        (image(User=""), [("image-root-user", 4.0, "")]),
        (image(User="", Labels={BASE_LABEL: HOST_BASE}), []),
        (image(User="root", Labels={BASE_LABEL: HOST_BASE}), [("image-root-user", 4.0, "")]),
        (image(User="0:0"), [("image-root-user", 4.0, "")]),
        (image(User="root"), [("image-root-user", 4.0, "")]),
        (image(Env=["PATH=/bin", "DB_PASSWORD=", "TOKENS=3"]), []),
        (
            image(Env=["DB_PASSWORD=hunter2"]),
            [("image-secret-in-environment", 7.0, "env:DB_PASSWORD")],
        ),
        (
            image([{"created_by": "ADD https://example.com/a.tar /"}]),
            [("image-remote-add", 4.0, "history:0")],
        ),
        (
            image([{"created_by": "x"}, {"created_by": "RUN curl -s https://x | bash"}]),
            [("image-piped-script", 4.0, "history:1")],
        ),
        (image(modes={"usr/bin/su": 0o4755}), [("image-setuid-file", 4.0, "/usr/bin/su")]),
        (image(modes={"app/a": 0o666}), [("image-world-writable-file", 0.1, "/app/a")]),
        (image(modes={"app/a": 0o644}), []),
    ],
)
def test_rules(given: Image, found: list[tuple[str, float, str]]) -> None:
    report = judge(given, "1")
    assert [(f.id, f.severity, f.location) for f in report.findings] == found
    assert report.status == ("findings" if found else "clean")


def test_a_secret_is_never_told() -> None:
    assert "hunter2" not in judge(image(Env=["A_TOKEN=hunter2"]), "1").model_dump_json()


def test_many_files_are_told_shortly_and_never_silently() -> None:
    report = judge(image(modes={f"f{n}": 0o666 for n in range(MAX_TOLD + 1)}), "1")
    assert (report.status, len(report.findings)) == ("incomplete", MAX_TOLD)
    assert "51 files" in report.reason


@pytest.mark.parametrize("config", [{}, {"config": None, "history": None}, {"history": [7]}])
def test_a_sparse_configuration_is_borne(config: dict[str, Any]) -> None:
    report = judge(Image("demo/hello", "sha256:1", config, {}), "1")
    assert [f.id for f in report.findings] == ["image-root-user"]


async def test_without_the_image_it_cannot_look() -> None:
    with pytest.raises(Invalid, match="not at hand"):
        await ImageRules().run(Target(None, Bill(frozenset(), False)))
