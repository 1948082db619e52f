"""The image's configuration and manifest; what a cluster refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from idp.capabilities.building.decide import Plan, PythonPlan, StaticPlan
from idp.capabilities.building.layers import Layer
from idp.capabilities.building.render import (
    Origin,
    image_command,
    render_config,
    render_manifest,
)
from idp.protocols.oci.ports import IMAGE_MANIFEST, Descriptor

ORIGIN = Origin("hello", "demo/hello", "c" * 40, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
LAYER = Layer(Path("unused"), f"sha256:{'1' * 64}", f"sha256:{'2' * 64}", 10)
PYTHON = PythonPlan("uv.lock", ("/app/src", "/app"), {}, ("python3", "-m", "hello"), "")
STATIC = StaticPlan("public", ("python3", "/app/serve.py", "/app/site"), "")
ANNOTATIONS = {
    "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
    "org.opencontainers.image.revision": "c" * 40,
    "org.opencontainers.image.source": "demo/hello",
    "org.opencontainers.image.title": "hello",
}


def config(plan: Plan) -> dict[str, object]:
    return render_config(
        plan,
        ORIGIN,
        [("application", LAYER)],
        port=9000,
        architecture="arm64",
        runtime_version="3.11",
    )


def test_the_configuration_of_a_python_image() -> None:
    assert config(PYTHON) == {
        "architecture": "arm64",
        "os": "linux",
        "created": "2026-01-02T03:04:05Z",
        "config": {
            "Cmd": ["python3", "-m", "hello"],
            "Env": [
                "PATH=/app/.idp/bin:/app/site-packages/bin:/usr/local/bin:/usr/bin:/bin",
                "PYTHONDONTWRITEBYTECODE=1",
                "PYTHONPATH=/app/src:/app:/app/site-packages",
                "PYTHONUNBUFFERED=1",
            ],
            "ExposedPorts": {"9000/tcp": {}},
            "Labels": {
                **ANNOTATIONS,
                "platform.idp/base": "host",
                "platform.idp/runtime": "python",
                "platform.idp/runtime-version": "3.11",
            },
            "WorkingDir": "/app",
        },
        "history": [
            {"created": "2026-01-02T03:04:05Z", "created_by": "idp build: application"},
        ],
        "rootfs": {"type": "layers", "diff_ids": [LAYER.diff_id]},
    }


def test_the_configuration_of_a_site_needs_no_packages() -> None:
    container = config(STATIC)["config"]
    assert isinstance(container, dict)
    assert container["Labels"]["platform.idp/runtime"] == "static"
    assert not any(variable.startswith("PYTHONPATH") for variable in container["Env"])


def test_the_manifest_names_configuration_and_layers() -> None:
    manifest = render_manifest(
        Descriptor("application/octet-stream", "sha256:1", 1),
        [Descriptor("application/octet-stream", "sha256:2", 2)],
        ORIGIN,
    )
    assert manifest == {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": "sha256:1",
            "size": 1,
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": "sha256:2",
                "size": 2,
            }
        ],
        "annotations": ANNOTATIONS,
    }


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("serve", "a b"), ["serve", "a b"]),
        (("serve", "$PORT"), ["serve", "$PORT"]),
        (("serve", "$(PORT)"), ["/bin/sh", "-c", 'exec serve "${PORT}"']),
        (
            ("serve", "--bind=0.0.0.0:$(PORT)/x y", "$(A)$(B)", ""),
            ["/bin/sh", "-c", """exec serve --bind=0.0.0.0:"${PORT}"'/x y' "${A}""${B}" ''"""],
        ),
        (("echo", "$$(PORT)"), ["/bin/sh", "-c", "exec echo '$''(PORT)'"]),
        (("echo", "`id` $(X)"), ["/bin/sh", "-c", """exec echo '`id` '"${X}\""""]),
    ],
)
def test_variables_of_a_command_are_expanded_by_a_shell(
    command: tuple[str, ...], expected: list[str]
) -> None:
    assert image_command(command) == expected
