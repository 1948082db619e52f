"""Helm with a chart of ours: a hook, a kind of its own, a deployment that becomes ready.

Helm is taken from PATH or from `HELM`. With `IDP_INTEROP=all` it is built by Go from the module in
`helm/` (some minutes the first time) and kept in pytest's cache.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes
import pytest

from idp.apps.testing.server import KubernetesApi
from support.command_line import EVERYTHING, CommandLine, Failed

MODULE = Path(__file__).parent / "helm"
CHART = str(MODULE / "chart")


@pytest.fixture(scope="session")
def helm_path(request: pytest.FixtureRequest) -> Path:
    """Where Helm is."""
    if found := os.environ.get("HELM") or shutil.which("helm"):
        return Path(found)
    if not EVERYTHING or shutil.which("go") is None:
        pytest.skip("helm is not on this machine; IDP_INTEROP=all builds it where there is Go")
    cache = request.config.cache
    assert cache is not None
    built = cache.mkdir("helm") / "helm"
    command = ["go", "build", "-o", str(built), "helm.sh/helm/v4/cmd/helm"]
    subprocess.run(command, cwd=MODULE, check=True)
    return built


@pytest.fixture
def helm(helm_path: Path, command_line: Callable[[Path], CommandLine]) -> CommandLine:
    return command_line(helm_path)


@pytest.fixture
def deployments_become_ready(
    kubernetes_api: KubernetesApi, kubernetes_namespace: str
) -> Iterator[None]:
    """Reports what a controller of deployments would: there is none beside a server alone."""
    stop = threading.Event()

    def report() -> None:
        path = str(kubernetes_api.kubeconfig)
        with kubernetes.config.new_client_from_config(path) as client:
            apps = kubernetes.client.AppsV1Api(client)
            while not stop.is_set():
                for event in kubernetes.watch.Watch().stream(
                    apps.list_namespaced_deployment, kubernetes_namespace, timeout_seconds=1
                ):
                    found = event["object"]
                    known = found.status.observed_generation
                    if event["type"] != "DELETED" and known != found.metadata.generation:
                        apps.patch_namespaced_deployment_status(
                            found.metadata.name, kubernetes_namespace, ready(found)
                        )

    thread = threading.Thread(target=report)
    thread.start()
    yield
    stop.set()
    thread.join()


def ready(deployment: Any) -> dict[str, Any]:
    """A patch that says that all replicas of a deployment are there."""
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {
        "status": {
            "observedGeneration": deployment.metadata.generation,
            **dict.fromkeys(counts, deployment.spec.replicas),
            "conditions": [
                {"type": "Available", "status": "True"},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            ],
        }
    }


def revisions(helm: CommandLine) -> list[tuple[int, str]]:
    return [(r["revision"], r["status"]) for r in helm.json("history", "shop")]


def greeting(helm: CommandLine) -> str:
    manifest = helm("get", "manifest", "shop")
    return manifest.split("greeting: ")[1].split()[0]


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("deployments_become_ready")
def test_a_release_from_install_to_uninstall(helm: CommandLine) -> None:
    installed = helm.json("install", "shop", CHART, "--set", "replicas=2", "--wait=watcher")
    assert installed["info"]["status"] == "deployed"
    helm("upgrade", "shop", CHART, "--set", "replicas=3,greeting=salut", "--wait=watcher")
    assert greeting(helm) == "salut"
    assert [r[1] for r in revisions(helm)] == ["superseded", "deployed"]
    helm("rollback", "shop", "1", "--wait=watcher")
    assert greeting(helm) == "hello"
    assert [r[0] for r in revisions(helm)] == [1, 2, 3]
    assert [r["name"] for r in json.loads(helm("list", "-o", "json"))] == ["shop"]
    assert 'release "shop" uninstalled' in helm("uninstall", "shop", "--wait")
    assert json.loads(helm("list", "-o", "json")) == []


@pytest.mark.timeout(300)
def test_an_upgrade_that_never_becomes_ready_fails(helm: CommandLine) -> None:
    helm("install", "shop", CHART, "--set", "replicas=0")
    with pytest.raises(Failed, match=r"(?i)not ready|deadline|timed out|context"):
        helm("upgrade", "shop", CHART, "--set", "replicas=1", "--wait=watcher", "--timeout=2s")
    assert revisions(helm)[-1][1] == "failed"
    helm("uninstall", "shop")
