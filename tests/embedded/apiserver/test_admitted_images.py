"""The rendered ValidatingAdmissionPolicy, applied: what was not admitted does not run."""

from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.signing.cluster_policies import admission_policy
from idp.embedded.apiserver.local_client import LocalClient
from idp.kernel.errors import IdpError
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import ResourceType
from idp.kernel.standard import VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING

POD = ResourceType("", "v1", "Pod", "pods")
NAMESPACE = ResourceType("", "v1", "Namespace", "namespaces", namespaced=False)
GOOD = "127.0.0.1:8600/demo/hello@sha256:" + "ab" * 32
BAD = "127.0.0.1:8600/demo/hello@sha256:" + "cd" * 32


def pod(name: str, *images: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"containers": containers, **spec},
    }


async def test_only_admitted_images_run(client: LocalClient, http: HttpClient) -> None:
    policy, binding = admission_policy([GOOD])
    await client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    await client.create(VALIDATING_ADMISSION_POLICY, policy)
    await client.create(VALIDATING_ADMISSION_POLICY_BINDING, binding)
    await http.create(POD, pod("good", GOOD))
    beside = [{"name": "init", "image": BAD}]
    for wrong in (
        pod("bad", BAD),
        pod("tag", "127.0.0.1:8600/demo/hello:latest"),
        pod("one-of-two", GOOD, BAD),
        pod("init", GOOD, initContainers=beside),
    ):
        with pytest.raises(IdpError, match="only images that the platform admitted may run"):
            await http.create(POD, wrong)
