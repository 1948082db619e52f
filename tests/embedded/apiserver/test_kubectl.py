"""The real kubectl against the server."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.embedded.apiserver.local_client import LocalClient
from idp.kernel.resource import Manifest
from idp.kernel.standard import CUSTOM_RESOURCE_DEFINITION, DEPLOYMENT
from support.kubectl import KUBECTL, Failed, Run, kubectl_with

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on this machine")

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "web:1", ports: [{containerPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.fixture
def kubectl(kubeconfig: Path, tmp_path: Path) -> Run:
    return kubectl_with(kubeconfig, tmp_path)


async def test_apply_get_describe_delete(kubectl: Run) -> None:
    said = await kubectl("apply", "-f", "-", stdin=WEB)
    assert said.splitlines() == ["deployment.apps/web created", "service/web created"]
    said = await kubectl("apply", "-f", "-", stdin=WEB)
    assert said.splitlines() == ["deployment.apps/web unchanged", "service/web unchanged"]
    said = await kubectl("apply", "-f", "-", stdin=WEB.replace("web:1", "web:2"))
    assert "deployment.apps/web configured" in said
    table = await kubectl("get", "all")
    assert re.search(r"deployment.apps/web +0/1 +0 +0", table)
    assert re.search(r"service/web +ClusterIP", table)
    assert "web:2" in await kubectl("describe", "deployment", "web")
    await kubectl("delete", "-f", "-", stdin=WEB)
    assert "No resources found" in await kubectl("get", "deploy,svc")


async def test_server_side_apply_and_its_conflicts(kubectl: Run, client: LocalClient) -> None:
    said = await kubectl("apply", "--server-side", "-f", "-", stdin=WEB)
    assert "deployment.apps/web serverside-applied" in said
    manifest = json.loads(await kubectl("get", "deploy", "web", "-o", "json"))
    assert "managedFields" not in manifest["metadata"]
    patch: Manifest = {"spec": {"replicas": 3}}
    await client.patch(DEPLOYMENT, "web", patch, "default")
    changed = WEB.replace("spec:\n  selector", "spec:\n  replicas: 1\n  selector", 1)
    with pytest.raises(Failed, match=r'conflict with "idp" using apps/v1.*\.spec\.replicas'):
        await kubectl("apply", "--server-side", "-f", "-", stdin=changed)
    await kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=changed)
    assert await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}") == "1"


async def test_unknown_fields_are_named(kubectl: Run) -> None:
    broken = WEB.replace("containerPort: 80", "containerPort: 80, prot: TCP")
    with pytest.raises(
        Failed, match=r'unknown field "spec.template.spec.containers\[0\].ports\[0\].prot"'
    ):
        await kubectl("apply", "-f", "-", stdin=broken)


async def test_create_edit_label_patch(kubectl: Run) -> None:
    await kubectl("create", "namespace", "demo")
    await kubectl("create", "configmap", "a", "-n", "demo", "--from-literal=x=1")
    await kubectl("label", "configmap", "a", "-n", "demo", "app=web")
    await kubectl("annotate", "configmap", "a", "-n", "demo", "note=hello")
    patch = '{"data":{"y":"2"}}'
    await kubectl("patch", "configmap", "a", "-n", "demo", "--type=merge", "-p", patch)
    manifest = json.loads(await kubectl("get", "cm", "a", "-n", "demo", "-o", "json"))
    assert manifest["data"] == {"x": "1", "y": "2"}
    assert manifest["metadata"]["labels"] == {"app": "web"}
    assert "a" in await kubectl("get", "cm", "-n", "demo", "-l", "app=web", "-o", "name")
    await kubectl("delete", "namespace", "demo", "--timeout=10s")
    with pytest.raises(Failed, match="NotFound"):
        await kubectl("get", "namespace", "demo")


async def test_every_kind_that_create_makes(kubectl: Run) -> None:
    await kubectl("create", "deployment", "d", "--image=web", "--replicas=2")
    await kubectl("create", "secret", "generic", "s", "--from-literal=a=b")
    await kubectl("create", "job", "j", "--image=web", "--", "true")
    await kubectl("create", "cronjob", "c", "--image=web", "--schedule=* * * * *")
    await kubectl("create", "serviceaccount", "sa")
    await kubectl("create", "role", "r", "--verb=get", "--resource=pods")
    await kubectl("create", "rolebinding", "rb", "--role=r", "--serviceaccount=default:sa")
    await kubectl("expose", "deployment", "d", "--port=80")
    await kubectl("run", "p", "--image=web")
    said = await kubectl("auth", "can-i", "get", "pods", "--as=system:serviceaccount:default:sa")
    assert said.strip() == "yes"
    assert (await kubectl("create", "token", "sa")).count(".") == 2


async def test_explain_and_api_resources(
    kubectl: Run, client: LocalClient, widget_definition: Callable[..., Manifest]
) -> None:
    await client.create(CUSTOM_RESOURCE_DEFINITION, widget_definition())
    said = await kubectl("api-resources")
    assert re.search(r"widgets +wd +example.com/v1 +true +Widget", said)
    assert re.search(r"deployments +deploy +apps/v1 +true +Deployment", said)
    assert "rollingUpdate" in await kubectl("explain", "deployment.spec.strategy")
    assert re.search(r"size\s+<integer> -required-", await kubectl("explain", "widget.spec"))


async def test_custom_columns_and_short_names(
    kubectl: Run, client: LocalClient, widget_definition: Callable[..., Manifest]
) -> None:
    columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
    definition = widget_definition(additionalPrinterColumns=columns)
    await client.create(CUSTOM_RESOURCE_DEFINITION, definition)
    widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n"
    await kubectl("apply", "-f", "-", stdin=widget)
    assert re.search(r"NAME +SIZE\nw +3", await kubectl("get", "wd"))
    broken = widget.replace("size: 3", "size: 3, nope: 1")
    with pytest.raises(Failed, match=r'unknown field "spec.nope"'):
        await kubectl("apply", "-f", "-", stdin=broken)


async def test_wait_and_watch(kubectl: Run, client: LocalClient) -> None:
    await kubectl("apply", "-f", "-", stdin=WEB)
    waiting = asyncio.create_task(
        kubectl("wait", "--for=condition=Available", "deploy/web", "--timeout=30s")
    )
    condition = {"type": "Available", "status": "True", "reason": "x", "message": ""}
    status: Manifest = {"status": {"conditions": [condition]}}
    await client.patch(DEPLOYMENT, "web", status, "default", subresource="status")
    assert "condition met" in await waiting
    await kubectl("scale", "deployment", "web", "--replicas=4")
    shown = await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}")
    assert shown == "4"


async def test_diff_shows_what_would_change(kubectl: Run) -> None:
    await kubectl("apply", "-f", "-", stdin=WEB)
    with pytest.raises(Failed):
        await kubectl("diff", "-f", "-", stdin=WEB.replace("web:1", "web:2"))
    assert await kubectl("diff", "-f", "-", stdin=WEB) == ""
