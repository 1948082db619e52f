"""The objects that leaf nodes create: what a resource template asks for, and pods. Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from idp.embedded.workflows.spec import Template, WorkflowSpec
from idp.embedded.workflows.substitution import ParsedManifest, substitute_all
from idp.kernel.errors import InvalidInput
from idp.kernel.manifest import owner_reference
from idp.kernel.resource import Manifest

WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
NODE_ID = "workflows.argoproj.io/node-id"
NODE_NAME = "workflows.argoproj.io/node-name"

MAIN_CONTAINER = "main"
_SCRIPT_FOLDER = "/argo/staging"
_MAX_NAME = 253
_MAX_POD_NAME = 63


def resource_object(
    template: Template, workflow: Manifest, node: Manifest, scope: Mapping[str, str]
) -> Manifest:
    """The object of a resource template.

    It bears the workflow's label, so that one watch per kind finds the workflow again, and the
    node's id, which tells a repeated creation from somebody else's object. A `generateName` becomes
    a name made from the node's id: creating it twice makes one object.

    Raises:
        InvalidInput: It is no object with an apiVersion, a kind and a name.
        NotFound: A variable has no value.
    """
    assert template.resource is not None
    manifest = ParsedManifest(template.resource.manifest).fill(scope)
    metadata = manifest.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        raise InvalidInput("the manifest's metadata is not a mapping")
    for field in ("apiVersion", "kind"):
        if not (isinstance(manifest.get(field), str) and manifest[field]):
            raise InvalidInput(f"the manifest has no {field}")
    if not metadata.get("name"):
        prefix = metadata.pop("generateName", None)
        if not prefix:
            raise InvalidInput("the manifest has neither metadata.name nor metadata.generateName")
        metadata["name"] = f"{prefix}{node['id'].rpartition('-')[2]}"
    if not isinstance(metadata["name"], str) or len(metadata["name"]) > _MAX_NAME:
        raise InvalidInput(f"metadata.name {metadata['name']!r} is not a name")
    metadata.setdefault("namespace", workflow["metadata"].get("namespace", "default"))
    if template.resource.action in ("create", "apply"):
        _mark(metadata, workflow, node)
        if template.resource.set_owner_reference:
            _own(metadata, workflow)
    return manifest


def _mark(metadata: Manifest, workflow: Manifest, node: Manifest) -> None:
    for field, marks in (
        ("labels", {WORKFLOW_LABEL: workflow["metadata"]["name"]}),
        ("annotations", {NODE_ID: node["id"], NODE_NAME: node["name"]}),
    ):
        if not isinstance(metadata.setdefault(field, {}), dict):
            raise InvalidInput(f"the manifest's metadata.{field} is not a mapping")
        metadata[field] |= marks


def _own(metadata: Manifest, workflow: Manifest) -> None:
    if metadata["namespace"] != workflow["metadata"].get("namespace", "default"):
        raise InvalidInput("an object of another namespace cannot be owned (setOwnerReference)")
    # Not as the controller: other controllers may adopt what the workflow made.
    reference = {**owner_reference(workflow), "controller": False, "blockOwnerDeletion": True}
    metadata["ownerReferences"] = [reference]


def pod_objects(
    template: Template,
    spec: WorkflowSpec,
    workflow: Manifest,
    node: Manifest,
    scope: Mapping[str, str],
) -> list[Manifest]:
    """The pod of a container or script template, after what it mounts.

    Raises:
        NotFound: A variable has no value.
    """
    body: dict[str, Any] = template.script or template.container or {}
    container = {**substitute_all(copy.deepcopy(body), scope), "name": MAIN_CONTAINER}
    name = _pod_name(workflow["metadata"]["name"], template.name, node["id"])
    volumes = substitute_all([*spec.volumes, *template.volumes], scope)
    objects: list[Manifest] = []
    if template.script is not None:
        source = container.pop("source", "")
        container["args"] = [f"{_SCRIPT_FOLDER}/script"]
        mount = {"name": "argo-staging", "mountPath": _SCRIPT_FOLDER, "readOnly": True}
        container["volumeMounts"] = [*container.get("volumeMounts", []), mount]
        volumes = [*volumes, {"name": "argo-staging", "configMap": {"name": name}}]
        objects.append(_owned("ConfigMap", name, workflow, node, data={"script": source}))
    pod_spec: Manifest = {"restartPolicy": "Never", "containers": [container]}
    if volumes:
        pod_spec["volumes"] = volumes
    if account := template.service_account_name or spec.service_account_name:
        pod_spec["serviceAccountName"] = account
    if context := template.security_context or spec.security_context:
        pod_spec["securityContext"] = context
    return [*objects, _owned("Pod", name, workflow, node, spec=pod_spec)]


def _owned(kind: str, name: str, workflow: Manifest, node: Manifest, **body: Any) -> Manifest:
    metadata: Manifest = {
        "name": name,
        "namespace": workflow["metadata"].get("namespace", "default"),
    }
    _mark(metadata, workflow, node)
    metadata["ownerReferences"] = [owner_reference(workflow)]
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **body}


def _pod_name(workflow: str, template: str, node_id: str) -> str:
    """`<workflow>-<template>-<hash>`, as Argo names pods, cut to what a pod's host name may be."""
    suffix = node_id.rpartition("-")[2] if node_id != workflow else "0"
    prefix = re.sub(r"[^a-z0-9-]", "-", f"{workflow}-{template}".lower())
    return f"{prefix[: _MAX_POD_NAME - len(suffix) - 1].rstrip('-')}-{suffix}"
