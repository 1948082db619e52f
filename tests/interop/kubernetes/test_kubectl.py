"""kubectl, in every version that is found: a short script each, and a long one for the newest.

Found: `kubectl*` in the folders of PATH and beside what these link to (`kubectl`, `kubectl.1.27`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from support.command_line import EVERYTHING, CommandLine, Failed


class Kubectl(NamedTuple):
    """One kubectl: its version as numbers, and where it is."""

    version: tuple[int, ...]
    path: Path

    def __str__(self) -> str:
        return ".".join(map(str, self.version))


@lru_cache
def kubectls() -> list[Kubectl]:
    """One of each version on this machine, the newest last."""
    found: dict[tuple[int, ...], Path] = {}
    for folder in map(Path, os.environ["PATH"].split(os.pathsep)):
        for path in sorted(folder.glob("kubectl*")):
            for candidate in (path, *sorted(path.resolve().parent.glob("kubectl*"))):
                if os.access(candidate, os.X_OK) and candidate not in found.values():
                    found.setdefault(_version(candidate.resolve()), candidate)
    found.pop((), None)
    return [Kubectl(version, found[version]) for version in sorted(found)]


@lru_cache
def _version(path: Path) -> tuple[int, ...]:
    """The client's version; empty when it is no kubectl (a plugin, a script)."""
    command = [str(path), "version", "--client", "--output=json"]
    try:
        said = subprocess.run(command, capture_output=True, timeout=20, check=False).stdout
        text = json.loads(said)["clientVersion"]["gitVersion"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return ()
    return tuple(map(int, re.findall(r"\d+", text)[:3]))


NEWEST = kubectls()[-1:]
pytestmark = pytest.mark.skipif(not kubectls(), reason="no kubectl is on this machine")
every = pytest.mark.parametrize("kubectl", kubectls(), ids=str, indirect=True)
newest = pytest.mark.parametrize(
    "kubectl", kubectls() if EVERYTHING else NEWEST, ids=str, indirect=True
)


@pytest.fixture
def kubectl(
    request: pytest.FixtureRequest, command_line: Callable[[Path], CommandLine]
) -> CommandLine:
    return command_line(request.param.path)


WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "web:1", ports: [{containerPort: 80}]}
"""


def names(text: str) -> list[str]:
    return [line.partition("/")[2] for line in text.split()]


@every
def test_the_short_script(kubectl: CommandLine) -> None:
    assert kubectl("apply", "-f", "-", stdin=WEB) == "deployment.apps/web created\n"
    assert kubectl("apply", "-f", "-", stdin=WEB) == "deployment.apps/web unchanged\n"
    assert re.search(r"web +0/2 +0 +0", kubectl("get", "deploy"))
    kubectl("patch", "deploy", "web", "-p", '{"spec":{"replicas":3}}')
    kubectl("label", "deploy", "web", "tier=front")
    assert names(kubectl("get", "deploy", "-l", "tier=front", "-o", "name")) == ["web"]
    with pytest.raises(Failed, match="web:2"):
        kubectl("diff", "-f", "-", stdin=WEB.replace("web:1", "web:2"))
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=WEB)
    assert kubectl.json("get", "deploy", "web")["spec"]["replicas"] == 2
    kubectl("create", "configmap", "a", "--from-literal=x=1")
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    kubectl("delete", "deploy,cm", "web", "a", "--ignore-not-found")
    assert kubectl("get", "deploy", "-o", "name") == ""


# Reading


@newest
def test_every_output_format(kubectl: CommandLine) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    of_web = ("get", "deploy", "web")
    assert json.loads(kubectl(*of_web, "-o", "json"))["kind"] == "Deployment"
    assert "kind: Deployment" in kubectl(*of_web, "-o", "yaml")
    assert kubectl(*of_web, "-o", "name") == "deployment.apps/web\n"
    assert "web:1" in kubectl(*of_web, "-o", "wide")
    assert kubectl(*of_web, "-o", "jsonpath={.spec.template.spec.containers[*].image}") == "web:1"
    assert kubectl(*of_web, "-o", "jsonpath-as-json={.spec.replicas}").split() == ["[", "2", "]"]
    assert kubectl(*of_web, "-o", "go-template={{.spec.replicas}}") == "2"
    columns = kubectl(*of_web, "-o", "custom-columns=NAME:.metadata.name,N:.spec.replicas")
    assert columns.splitlines()[1].split() == ["web", "2"]
    assert "app=web" in kubectl(*of_web, "--show-labels")
    assert kubectl(*of_web, "-L", "app").splitlines()[0].split()[-1] == "APP"
    assert "Deployment" in kubectl(*of_web, "--show-kind", "-o", "yaml", "--show-managed-fields")
    assert "web" in kubectl(*of_web, "--server-print=false")
    assert "web" in kubectl("get", "--raw", "/apis/apps/v1/deployments")


@newest
def test_selectors_sorting_and_chunks(kubectl: CommandLine) -> None:
    for name, size in (("a", "3"), ("b", "1"), ("c", "2")):
        kubectl("create", "configmap", name, f"--from-literal=size={size}")
    sorted_names = names(kubectl("get", "cm", "--sort-by=.data.size", "-o", "name"))
    assert [name for name in sorted_names if len(name) == 1] == ["b", "c", "a"]
    assert {"a", "b", "c"} <= set(names(kubectl("get", "cm", "--chunk-size=1", "-o", "name")))
    assert names(kubectl("get", "cm", "--field-selector=metadata.name=b", "-o", "name")) == ["b"]
    said = kubectl("get", "cm", "--field-selector=metadata.name!=b", "-o", "name")
    assert "b" not in names(said)
    with pytest.raises(Failed, match=r'"data\.size" is not a known field'):
        kubectl("get", "cm", "--field-selector=data.size=1")
    assert "a" in kubectl("get", "cm", "-A", "-l", "!none", "--no-headers")
    assert kubectl("get", "cm", "none", "--ignore-not-found") == ""


@newest
def test_watching(kubectl: CommandLine) -> None:
    kubectl("create", "configmap", "a")
    watching = kubectl.start("get", "cm", "a", "-w", "--output-watch-events", "--no-headers")
    assert watching.stdout is not None
    try:
        assert watching.stdout.readline().split()[:2] == ["ADDED", "a"]
        kubectl("annotate", "cm", "a", "note=x")
        assert watching.stdout.readline().split()[:2] == ["MODIFIED", "a"]
        kubectl("delete", "cm", "a")
        assert watching.stdout.readline().split()[:2] == ["DELETED", "a"]
    finally:
        watching.kill()
        watching.communicate()


@newest
def test_discovery(kubectl: CommandLine) -> None:
    resources = kubectl("api-resources", "-o", "wide")
    assert re.search(r"deployments +deploy +apps/v1 +true +Deployment +create,delete", resources)
    assert "pods" in kubectl("api-resources", "--namespaced=true", "-o", "name").split()
    assert "deployments.apps" in kubectl("api-resources", "--categories=all", "-o", "name")
    assert "apps/v1" in kubectl("api-versions").split()
    assert "imagePullPolicy" in kubectl("explain", "pod.spec.containers")
    assert "strategy" in kubectl("explain", "deploy", "--recursive")
    assert "Server Version: v1." in kubectl("version")
    assert "is running at" in kubectl("cluster-info")
    assert "Name:" in kubectl("describe", "namespace", kubectl.namespace)
    assert kubectl("config", "get-contexts", "-o", "name").split() == ["tests"]
    assert kubectl.namespace in kubectl("config", "view", "--minify")


# Changing


@newest
def test_the_patch_types_and_edit(kubectl: CommandLine) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    patch = ("patch", "deploy", "web", "-p")
    kubectl(*patch, '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"s"}]}}}}')
    kubectl(*patch, '{"metadata":{"annotations":{"a":"1"}}}', "--type=merge")
    kubectl(*patch, '[{"op":"replace","path":"/spec/replicas","value":5}]', "--type=json")
    web = kubectl.json("get", "deploy", "web")
    assert {c["name"] for c in web["spec"]["template"]["spec"]["containers"]} == {"web", "side"}
    assert (web["spec"]["replicas"], web["metadata"]["annotations"]["a"]) == (5, "1")
    kubectl("patch", "deploy", "web", "--subresource=status", "-p", '{"status":{"replicas":5}}')
    assert kubectl.json("get", "deploy", "web", "--subresource=status")["status"]["replicas"] == 5
    said = kubectl("edit", "deploy", "web", KUBE_EDITOR="sed -i 's/replicas: 5/replicas: 6/'")
    assert said == "deployment.apps/web edited\n"
    said = kubectl("edit", "deploy", "web", KUBE_EDITOR="true")
    assert "Edit cancelled" in said or said == ""
    assert kubectl.json("get", "deploy", "web")["spec"]["replicas"] == 6
    with pytest.raises(Failed, match="field is immutable"):
        kubectl(*patch, '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}')


@newest
def test_labels_annotations_and_set(kubectl: CommandLine) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    kubectl("label", "deploy", "web", "tier=front")
    with pytest.raises(Failed, match="already has a value"):
        kubectl("label", "deploy", "web", "tier=back")
    kubectl("label", "deploy", "web", "tier=back", "--overwrite")
    kubectl("label", "deploy", "--all", "tier-")
    kubectl("annotate", "deploy", "web", "note=hello")
    kubectl("set", "image", "deploy/web", "web=web:2")
    kubectl("set", "env", "deploy/web", "COLOUR=blue")
    kubectl("set", "resources", "deploy/web", "--limits=cpu=100m,memory=64Mi")
    web = kubectl.json("get", "deploy", "web")
    container = web["spec"]["template"]["spec"]["containers"][0]
    assert "tier" not in web["metadata"]["labels"]
    assert web["metadata"]["annotations"]["note"] == "hello"
    assert container["image"] == "web:2"
    assert container["env"] == [{"name": "COLOUR", "value": "blue"}]
    assert container["resources"] == {"limits": {"cpu": "100m", "memory": "64Mi"}}


@newest
def test_scale_and_autoscale(kubectl: CommandLine) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    kubectl("scale", "deploy", "web", "--replicas=4", "--current-replicas=2")
    with pytest.raises(Failed, match="Expected replicas to be 2, was 4"):
        kubectl("scale", "deploy", "web", "--replicas=1", "--current-replicas=2")
    assert kubectl.json("get", "deploy", "web")["spec"]["replicas"] == 4
    kubectl("autoscale", "deploy", "web", "--max=9", "--cpu-percent=70")
    assert kubectl.json("get", "hpa", "web")["spec"]["maxReplicas"] == 9


HISTORY = """
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-%(revision)s
  labels: {app: web}
  annotations: {deployment.kubernetes.io/revision: "%(revision)s"}
  ownerReferences:
  - {apiVersion: apps/v1, kind: Deployment, name: web, uid: %(uid)s, controller: true}
spec:
  selector: {matchLabels: {app: web, pod-template-hash: "%(revision)s"}}
  template:
    metadata: {labels: {app: web, pod-template-hash: "%(revision)s"}}
    spec: {containers: [{name: web, image: "web:%(revision)s"}]}
"""


@newest
def test_rollouts_over_the_history_that_a_controller_left(kubectl: CommandLine) -> None:
    kubectl("apply", "-f", "-", stdin=WEB.replace("web:1", "web:2"))
    uid = kubectl.json("get", "deploy", "web")["metadata"]["uid"]
    for revision in (1, 2):
        kubectl("create", "-f", "-", stdin=HISTORY % {"revision": revision, "uid": uid})
    kubectl("annotate", "deploy", "web", "deployment.kubernetes.io/revision=2")
    history = kubectl("rollout", "history", "deploy/web")
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2"]
    assert "web:1" in kubectl("rollout", "history", "deploy/web", "--revision=1")
    kubectl("rollout", "undo", "deploy/web", "--to-revision=1")
    assert "web:1" in kubectl("get", "deploy", "web", "-o", "wide")
    kubectl("rollout", "restart", "deploy/web")
    kubectl("rollout", "pause", "deploy/web")
    assert kubectl.json("get", "deploy", "web")["spec"]["paused"] is True
    kubectl("rollout", "resume", "deploy/web")
    web = kubectl.json("get", "deploy", "web")
    status = {
        "observedGeneration": web["metadata"]["generation"],
        **dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), 2),
    }
    patch = json.dumps({"status": status})
    kubectl("patch", "deploy", "web", "--subresource=status", "--type=merge", "-p", patch)
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/web", "--timeout=20s")


@newest
def test_waiting(kubectl: CommandLine) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    condition = '{"status":{"conditions":[{"type":"Available","status":"True"}]}}'
    kubectl("patch", "deploy", "web", "--subresource=status", "--type=merge", "-p", condition)
    said = kubectl("wait", "deploy/web", "--for=condition=Available", "--timeout=20s")
    assert "condition met" in said
    kubectl("wait", "deploy/web", "--for=jsonpath={.spec.replicas}=2", "--timeout=20s")
    with pytest.raises(Failed, match="timed out waiting for the condition"):
        kubectl("wait", "deploy/web", "--for=condition=Progressing", "--timeout=1s")
    deleted = kubectl.start("wait", "deploy/web", "--for=delete", "--timeout=30s")
    kubectl("delete", "deploy", "web", "--wait=false")
    deleted.communicate()
    assert deleted.returncode == 0


@newest
def test_replace_and_create(kubectl: CommandLine) -> None:
    kubectl("create", "-f", "-", stdin=WEB)
    with pytest.raises(Failed, match="AlreadyExists"):
        kubectl("create", "-f", "-", stdin=WEB)
    before = kubectl.json("get", "deploy", "web")["metadata"]["uid"]
    said = kubectl("replace", "-f", "-", stdin=WEB.replace("web:1", "web:3"))
    assert said == "deployment.apps/web replaced\n"
    kubectl("replace", "--force", "-f", "-", stdin=WEB)
    assert kubectl.json("get", "deploy", "web")["metadata"]["uid"] != before
    said = kubectl("create", "cm", "x", "--dry-run=server", "-o", "yaml")
    assert "uid:" in said
    assert "x" not in names(kubectl("get", "cm", "-o", "name"))


# Applying


@newest
def test_apply_with_pruning(kubectl: CommandLine) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, labels: {set: one}}\n"
    both = config % "keep" + "---\n" + config % "drop"
    kubectl("apply", "-f", "-", "--prune", "-l", "set=one", stdin=both)
    allow = "--prune-allowlist=core/v1/ConfigMap"
    said = kubectl("apply", "-f", "-", "--prune", "-l", "set=one", allow, stdin=config % "keep")
    assert "configmap/drop pruned" in said
    assert names(kubectl("get", "cm", "-l", "set=one", "-o", "name")) == ["keep"]


@newest
def test_last_applied(kubectl: CommandLine, tmp_path: Path) -> None:
    kubectl("create", "-f", "-", stdin=WEB)
    file = tmp_path / "web.yaml"
    file.write_text(WEB)
    kubectl("apply", "set-last-applied", "-f", str(file), "--create-annotation")
    assert "web:1" in kubectl("apply", "view-last-applied", "deploy/web")
    kubectl("apply", "-f", "-", stdin=WEB.replace("  replicas: 2\n", ""))
    assert kubectl.json("get", "deploy", "web")["spec"]["replicas"] == 1


@newest
def test_from_client_side_to_server_side_apply(kubectl: CommandLine) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    kubectl("apply", "--server-side", "-f", "-", stdin=WEB)
    kubectl("patch", "deploy", "web", "--field-manager=other", "-p", '{"spec":{"replicas":7}}')
    with pytest.raises(Failed, match=r'conflict with "other".*\.spec\.replicas'):
        kubectl("apply", "--server-side", "-f", "-", stdin=WEB)
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=WEB)
    web = kubectl.json("get", "deploy", "web", "--show-managed-fields")
    owners = {(m["manager"], m["operation"]) for m in web["metadata"]["managedFields"]}
    assert owners == {("kubectl", "Apply"), ("kubectl-last-applied", "Apply")}
    with pytest.raises(Failed):  # 1 means that there is a difference
        kubectl("diff", "--server-side", "-f", "-", stdin=WEB.replace("web:1", "web:2"))
    assert kubectl("diff", "--server-side", "-f", "-", stdin=WEB) == ""


# Access


ROLES = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: NAMESPACE}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: robot, namespace: NAMESPACE}]
"""


@newest
def test_access(kubectl: CommandLine) -> None:
    roles = ROLES.replace("NAMESPACE", kubectl.namespace)
    kubectl("create", "serviceaccount", "robot")
    said = kubectl("auth", "reconcile", "-f", "-", stdin=roles)
    assert "role.rbac.authorization.k8s.io/reader reconciled" in said
    robot = f"--as=system:serviceaccount:{kubectl.namespace}:robot"
    assert kubectl("auth", "can-i", "list", "configmaps", robot) == "yes\n"
    with pytest.raises(Failed, match="no"):
        kubectl("auth", "can-i", "delete", "configmaps", robot)
    assert re.search(
        r"configmaps +\[\] +\[\] +\[get list\]", kubectl("auth", "can-i", "--list", robot)
    )
    whoami = kubectl.json("auth", "whoami", robot)
    assert whoami["status"]["userInfo"]["username"].endswith(":robot")
    token = kubectl("create", "token", "robot", "--duration=1h", "--audience=vault").strip()
    assert token.count(".") == 2
    with pytest.raises(Failed, match=r"Unauthorized|must be logged in"):
        kubectl("get", "cm", "--token", token, "--kubeconfig", tokenless(kubectl))
    own = kubectl("create", "token", "robot").strip()
    kubectl("get", "cm", "--token", own, "--kubeconfig", tokenless(kubectl))
    with pytest.raises(Failed, match=r'cannot list resource "secrets"'):
        kubectl("get", "secrets", "--token", own, "--kubeconfig", tokenless(kubectl))


def tokenless(kubectl: CommandLine) -> str:
    """A kubeconfig without the administrator's certificate."""
    config = json.loads(kubectl("config", "view", "--raw", "-o", "json"))
    config["users"][0]["user"] = {}
    path = kubectl.folder / "tokenless"
    path.write_text(json.dumps(config))
    return str(path)


# Deleting


@newest
def test_deletion_policies(kubectl: CommandLine) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    uid = kubectl.json("get", "deploy", "web")["metadata"]["uid"]
    kubectl("create", "-f", "-", stdin=HISTORY % {"revision": 1, "uid": uid})
    kubectl("delete", "deploy", "web", "--cascade=orphan")
    left = kubectl.json("get", "rs", "web-1")
    assert "ownerReferences" not in left["metadata"]
    kubectl("delete", "rs", "web-1", "--grace-period=0")
    kubectl("apply", "-f", "-", stdin=WEB)
    uid = kubectl.json("get", "deploy", "web")["metadata"]["uid"]
    kubectl("create", "-f", "-", stdin=HISTORY % {"revision": 2, "uid": uid})
    kubectl("delete", "deploy", "web", "--cascade=foreground", "--timeout=20s")
    assert kubectl("get", "rs", "-o", "name") == ""
    kubectl("run", "p", "--image=web")
    kubectl("delete", "pod", "p", "--now")
    kubectl("create", "cm", "x")
    kubectl("delete", "cm", "--all")
    assert "x" not in names(kubectl("get", "cm", "-o", "name"))


# Pods and events


@newest
def test_pods_and_events(kubectl: CommandLine) -> None:
    kubectl("run", "p", "--image=web", "--labels=app=p")
    with pytest.raises(Failed, match="nothing on this server keeps the logs"):
        kubectl("logs", "p")
    pod = kubectl.json("get", "pod", "p")
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "p.1"},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": "p",
            "namespace": kubectl.namespace,
            "uid": pod["metadata"]["uid"],
        },
        "reason": "Pulled",
        "message": "image is here",
        "type": "Normal",
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "count": 1,
    }
    kubectl("create", "-f", "-", stdin=json.dumps(event))
    assert "image is here" in kubectl("events", "--for=pod/p")
    assert "image is here" in kubectl("get", "events", "--field-selector=involvedObject.name=p")
    assert "image is here" in kubectl("describe", "pod", "p")
