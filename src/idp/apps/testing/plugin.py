"""The pytest plugin: a Kubernetes API for tests of controllers, operators and charts.

It is loaded with every pytest run where the package is installed, also where nobody uses it.
Therefore it imports nothing: the server's modules come with the first fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from idp.apps.testing.server import KubernetesApi


@pytest.fixture(scope="session")
def kubernetes_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesApi]:
    """A Kubernetes API server without a cluster, one for all tests: url, kubeconfig, client()."""
    from idp.apps.testing.server import running

    with running(tmp_path_factory.mktemp("kubernetes-api")) as api:
        yield api


@pytest.fixture
def kubernetes_namespace(kubernetes_api: KubernetesApi) -> Iterator[str]:
    """Name of a namespace that is this test's alone; deleted at its end."""
    with kubernetes_api.namespace() as name:
        yield name
