"""What `idp.yaml` says about an application. Pure.

The file is untrusted: its size is capped, aliases (the means of YAML bombs) and duplicate keys are
refused, and tags other than those of plain YAML are unknown.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import yaml

from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.errors import InvalidInput

FILE = "idp.yaml"
MAX_SIZE = 256 * 1024
_MAX_DOCUMENTS = 50


@dataclass(frozen=True, slots=True)
class Facts:
    """What a build wants to know.

    Attributes:
        name: Of the application.
        port: Where it listens unless told otherwise.
        command: How it starts; None leaves it to the build.
    """

    name: str
    port: int = 8080
    command: tuple[str, ...] | None = None


def read_facts(text: str | None, application: str) -> Facts:
    """The facts about one application.

    Args:
        text: Content of `idp.yaml`; None when there is none.
        application: Its name.

    Raises:
        InvalidInput: The file cannot be read, or describes other applications only.
        Invalid: The `WebApplication` in it breaks its schema; causes name each field.
    """
    if text is None:
        return Facts(application)
    found = [
        WebApplication.parse(document)
        for document in _documents(text)
        if document.get("kind") == WebApplication.__name__
    ]
    if not found:
        return Facts(application)
    for candidate in found:
        if candidate.name == application:
            command = candidate.spec.command
            return Facts(application, candidate.spec.port, tuple(command) if command else None)
    raise InvalidInput(
        f"{FILE} describes {', '.join(c.name for c in found)}, not {application}",
        remedy=f"Name the WebApplication in {FILE} {application}, as its repository.",
    )


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML without aliases and duplicate keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.constructor.ConstructorError(
                problem="aliases are not allowed", problem_mark=self.get_mark()
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.constructor.ConstructorError(
                    problem=f'key "{key}" is there twice',
                    problem_mark=node.value[position][0].start_mark,
                )
        return super().construct_mapping(node, deep)


def _documents(text: str) -> list[dict[str, Any]]:
    if len(text) > MAX_SIZE:
        raise _unreadable(f"it is larger than {MAX_SIZE} bytes")
    try:
        documents = [d for d in yaml.load_all(text, _StrictLoader) if d is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _unreadable(str(error)) from error
    if len(documents) > _MAX_DOCUMENTS:
        raise _unreadable(f"it has more than {_MAX_DOCUMENTS} documents")
    if not all(isinstance(document, dict) for document in documents):
        raise _unreadable("a document in it is not an object")
    return documents


def _unreadable(why: str) -> InvalidInput:
    return InvalidInput(f"{FILE} cannot be read: {why}", remedy=f"Correct {FILE} and push again.")
