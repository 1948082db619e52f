"""Other people's clients against the server of the pytest plugin: one for all tests of this folder.

`IDP_INTEROP=all` runs more of it: every kubectl through the whole script, Helm built when there is
none. See CONTRIBUTING.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.apps.testing.server import KubernetesApi
from support.command_line import CommandLine


@pytest.fixture
def command_line(
    kubernetes_api: KubernetesApi, kubernetes_namespace: str, tmp_path: Path
) -> Callable[[Path], CommandLine]:
    """Makes command lines that work in this test's namespace."""
    text = kubernetes_api.kubeconfig.read_text()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        text.replace("    user: ", f"    namespace: {kubernetes_namespace}\n    user: ", 1)
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "KUBECONFIG": str(kubeconfig),
        # The discovery cache is by address: kept between tests, since the server is the same.
        "KUBECACHEDIR": str(kubernetes_api.kubeconfig.parent / "cache"),
    }

    def make(path: Path) -> CommandLine:
        return CommandLine(path, kubernetes_namespace, environment, tmp_path)

    return make
