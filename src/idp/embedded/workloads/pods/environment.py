"""Environment variables and the command of a container. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from idp.embedded.workloads.images.ports import ImageConfig
from idp.embedded.workloads.pods.sources import Sources, decode
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest

_REFERENCE = re.compile(r"\$(?:\$|\(([^()]*)\))")
_NAME = re.compile(r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What a container may learn about its pod.

    Attributes:
        pod: The Pod.
        port: The allocated port; None for a pod without containerPort.
        node: Name of the node.
        ip: Address of the pod.
    """

    pod: Manifest
    port: int | None
    node: str
    ip: str = "127.0.0.1"

    def value(self, path: str) -> str:
        """A `fieldRef`.

        Raises:
            InvalidInput: The path is not one that the API knows for pods.
        """
        meta, spec = self.pod["metadata"], self.pod["spec"]
        if match := re.match(r"^metadata\.(labels|annotations)\['(.+)'\]$", path):
            return str((meta.get(match[1]) or {}).get(match[2], ""))
        simple = {
            "metadata.name": meta["name"],
            "metadata.namespace": meta["namespace"],
            "metadata.uid": meta["uid"],
            "spec.nodeName": self.node,
            "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
            "status.podIP": self.ip,
            "status.podIPs": self.ip,
            "status.hostIP": self.ip,
            "status.hostIPs": self.ip,
        }
        if path not in simple:
            raise InvalidInput(f"fieldRef {path!r} is not supported")
        return str(simple[path])


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)`; `$$` is a `$`; a name that is not known stays as it is."""

    def replacement(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return variables.get(match[1], match[0])

    return _REFERENCE.sub(replacement, text)


def variables(container: Manifest, facts: PodFacts, sources: Sources) -> dict[str, str]:
    """The variables that the pod asks for, in order, `PORT` included.

    `PORT` is the allocated port, also where the pod states its containerPort as `PORT`: on a
    cluster both are the same number. Any other value of `PORT` is left to its author.

    Raises:
        InvalidInput: A ConfigMap, Secret or key that is not optional is missing.
    """
    result: dict[str, str] = {}
    if facts.port is not None:
        result["PORT"] = str(facts.port)
    for source in container.get("envFrom") or []:
        prefix = source.get("prefix", "")
        for key, value in sources.referenced(source).items():
            if _NAME.match(prefix + key):
                result[prefix + key] = decode(value)
    declared = {str(port["containerPort"]) for port in (container.get("ports") or [])[:1]}
    for variable in container.get("env") or []:
        text = _value(variable, facts, sources, result)
        allocated = variable["name"] == "PORT" and facts.port is not None
        if text is not None and not (allocated and text in declared):
            result[variable["name"]] = text
    return result


def _value(
    variable: Manifest, facts: PodFacts, sources: Sources, known: Mapping[str, str]
) -> str | None:
    origin = variable.get("valueFrom") or {}
    if reference := origin.get("fieldRef"):
        return facts.value(reference["fieldPath"])
    if origin:
        content = sources.key(origin)
        return None if content is None else decode(content)
    return expand(str(variable.get("value") or ""), known)


def command(
    container: Manifest, config: ImageConfig, variables: Mapping[str, str]
) -> tuple[str, ...]:
    """The argument vector: `command` replaces the entrypoint, and then also the image's Cmd.

    Raises:
        InvalidInput: Neither the pod nor the image says what to run.
    """
    stated: Sequence[str] = container.get("command") or []
    arguments: Sequence[str] = container.get("args") or []
    if stated:
        parts = [*stated, *arguments]
        parts = [expand(part, variables) for part in parts]
    else:
        rest = [expand(part, variables) for part in arguments] or list(config.command)
        parts = [*config.entrypoint, *rest]
    if not parts:
        raise InvalidInput(
            "there is no command to run", remedy="Give the container a command, or the image a Cmd."
        )
    return tuple(parts)
