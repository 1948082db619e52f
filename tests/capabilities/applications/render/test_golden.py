"""The rendered objects, byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.applications.render import MountedConfiguration, hosts, render
from support.golden import check_golden

GOLDEN = Path(__file__).parent / "golden"

CASES: dict[str, dict[str, Any]] = {
    "smallest": {"environment": "development", "spec": {}},
    "everything": {
        "environment": "production",
        "labels": {"platform.idp/release": "hello-7", "app.kubernetes.io/part-of": "shop"},
        "configuration": MountedConfiguration("hello-config", "sha256:" + "c" * 64),
        "spec": {
            "source": {"repository": "demo/hello"},
            "command": ["python3", "-m", "hello", "--port", "$(PORT)"],
            "port": 9000,
            "replicas": 3,
            "environment": {"LOG_LEVEL": "debug", "GREETING": "hello: {there}"},
            "configuration": "hello-config",
            "health": {"path": "/healthz", "startupSeconds": 20},
            "resources": {"cpu": "250m", "memory": "512Mi"},
            "hosts": ["hello.example.org"],
        },
    },
    "restricted-communication": {
        "environment": "development",
        "spec": {
            "communication": {
                "tier": "frontend",
                "allowedDestinations": ["user-service", "backend-api", "internal-tools"],
                "deniedDestinations": ["internal-tools"],
            }
        },
    },
    "denied-communication": {
        "environment": "uat",
        "spec": {"communication": {"deniedDestinations": ["internal-tools", "admin"]}},
    },
}


@pytest.mark.parametrize("case", CASES)
def test_renders_exactly(case: str, build: Callable[..., WebApplication], image: str) -> None:
    given = CASES[case]
    application = build(labels=given.get("labels"), image=image, **given["spec"])
    rendered = render(
        application,
        environment=given["environment"],
        hosts=hosts(application, given["environment"]),
        configuration=given.get("configuration"),
    )
    text = yaml.safe_dump_all(rendered, sort_keys=True, allow_unicode=True)
    check_golden(GOLDEN / f"{case}.yaml", text)


def test_without_an_image_there_is_nothing_to_render(build: Callable[..., WebApplication]) -> None:
    application = build(source={"repository": "demo/hello"})
    assert render(application, environment="development", hosts=["hello.localhost"]) == []


def test_without_a_host_there_is_no_route(build: Callable[..., WebApplication], image: str) -> None:
    rendered = render(build(image=image), environment="development", hosts=[])
    assert "VirtualService" not in {manifest["kind"] for manifest in rendered}
