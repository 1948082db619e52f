"""The fixtures in this project's own run: asynchronous tests, beside many other plugins."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.apps.testing.server import KubernetesApi, running
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.standard import CONFIG_MAP


async def test_it_answers_in_the_loop_of_the_test(
    kubernetes_api: KubernetesApi, kubernetes_namespace: str
) -> None:
    metadata = {"name": "settings", "namespace": kubernetes_namespace}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    async with kubernetes_api.client() as client:
        await client.create(CONFIG_MAP, manifest)
        listed = await client.list(CONFIG_MAP, kubernetes_namespace)
    assert "settings" in [item["metadata"]["name"] for item in listed.items]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with (
        running(tmp_path),
        pytest.raises(MissingPrerequisite, match="cannot be opened"),
        running(tmp_path),
    ):
        pass
