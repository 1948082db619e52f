"""`status.nodes`: what has been started, and how it ended.

A node's id is made from its name alone, so every pass over a workflow finds the nodes of the passes
before it, and nothing is started twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from idp.kernel.clock import parse_timestamp, timestamp
from idp.kernel.resource import Manifest

DONE = frozenset({"Succeeded", "Skipped", "Failed", "Error", "Omitted"})
COMPLETED = frozenset({"Succeeded", "Failed", "Error"})
UNSUCCESSFUL = frozenset({"Failed", "Error"})
LEAF = "Pod"
"""Argo runs containers, scripts and resources by a pod, and calls all their nodes so."""

GROUPS = frozenset({"StepGroup", "TaskGroup", "Retry"})
"""Nodes that only hold others: they take no place of a limited parallelism."""


def is_done(node: Manifest) -> bool:
    """Whether a node has ended, in whatever way."""
    return node["phase"] in DONE


def started_at(node: Manifest) -> datetime:
    """When a node was started."""
    return parse_timestamp(node["startedAt"])


def finished_at(node: Manifest) -> datetime:
    """When a node ended; a node that was patched by hand may not say, then when it started."""
    return parse_timestamp(node.get("finishedAt") or node["startedAt"])


def _fnv1a(text: str) -> int:
    """32-bit FNV-1a, as Argo hashes node names."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


class Nodes:
    """The nodes of one workflow, by id.

    Args:
        workflow: Name of the workflow; the name of its first node too.
        nodes: `status.nodes`, which is changed in place.
        now: When things start and end in this pass.
    """

    def __init__(self, workflow: str, nodes: dict[str, Manifest], now: datetime) -> None:
        self._workflow = workflow
        self._nodes = nodes
        self._now = now

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self._nodes.values())

    def __len__(self) -> int:
        return len(self._nodes)

    def id(self, name: str) -> str:
        """The id of the node of this name."""
        if name == self._workflow:
            return name
        return f"{self._workflow}-{_fnv1a(name)}"

    def find(self, name: str) -> Manifest | None:
        """The node of this name, if it was started."""
        return self._nodes.get(self.id(name))

    def by_id(self, node_id: str) -> Manifest:
        """The node of this id."""
        return self._nodes[node_id]

    def start(
        self,
        name: str,
        type: str,
        *,
        boundary: str = "",
        template: str = "",
        display_name: str = "",
        phase: str = "Running",
        inputs: Mapping[str, str] | None = None,
        message: str = "",
    ) -> Manifest:
        """Start a node, or return the one of this name."""
        if (known := self.find(name)) is not None:
            return known
        node: Manifest = {
            "id": self.id(name),
            "name": name,
            "displayName": display_name or name,
            "type": type,
            "phase": phase,
            "startedAt": timestamp(self._now),
        }
        if boundary:
            node["boundaryID"] = boundary
        if template:
            node["templateName"] = template
        if inputs:
            node["inputs"] = {"parameters": [{"name": k, "value": v} for k, v in inputs.items()]}
        if message:
            node["message"] = message
        if phase in DONE:
            node["finishedAt"] = timestamp(self._now)
        self._nodes[node["id"]] = node
        return node

    def finish(
        self,
        node: Manifest,
        phase: str,
        message: str = "",
        *,
        outputs: Mapping[str, str] | None = None,
        exit_code: str | None = None,
    ) -> Manifest:
        """End a node."""
        node["phase"] = phase
        node["finishedAt"] = timestamp(self._now)
        node.pop("message", None)
        if message:
            node["message"] = message
        if outputs:
            node.setdefault("outputs", {})["parameters"] = [
                {"name": name, "value": value} for name, value in outputs.items()
            ]
        if exit_code is not None:
            node.setdefault("outputs", {})["exitCode"] = exit_code
        return node

    def link(self, parent: Manifest, child: Manifest) -> None:
        """Record that a node follows another, for those who draw the graph."""
        children = parent.setdefault("children", [])
        if child["id"] not in children:
            children.append(child["id"])


def parameters_of(node: Manifest, side: str) -> dict[str, str]:
    """The `inputs` or `outputs` of a node."""
    listed = (node.get(side) or {}).get("parameters") or []
    return {p["name"]: p["value"] for p in listed if p.get("value") is not None}
