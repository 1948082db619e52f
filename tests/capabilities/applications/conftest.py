"""Builders of applications and of what surrounds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.capabilities.applications.kinds import WebApplication

IMAGE = "127.0.0.1:8600/demo/hello@sha256:" + "a1" * 32

BuildApplication = Callable[..., WebApplication]


@pytest.fixture
def image() -> str:
    return IMAGE


@pytest.fixture
def build() -> BuildApplication:
    """Build an application named hello; keywords are fields of its spec as in a manifest."""

    def build_application(
        name: str = "hello",
        *,
        namespace: str = "demo",
        uid: str = "uid-hello",
        created: str = "2026-11-24T10:00:00Z",
        labels: dict[str, str] | None = None,
        **spec: Any,
    ) -> WebApplication:
        return WebApplication.parse(
            {
                "apiVersion": "platform.idp/v1alpha1",
                "kind": "WebApplication",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "uid": uid,
                    "generation": 1,
                    "creationTimestamp": created,
                    "labels": labels or {},
                },
                "spec": spec,
            }
        )

    return build_application
