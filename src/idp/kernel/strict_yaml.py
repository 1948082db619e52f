"""YAML from people and repositories, read without surprises.

What YAML allows and people do not expect is refused: aliases (a few lines can stand for
gigabytes), duplicate keys (the reader sees another value than the machine), merge keys and tags.
Input is capped before it is parsed.
"""

from __future__ import annotations

from typing import Any

import yaml

from idp.kernel.errors import InvalidInput, TooLarge

SIZE_LIMIT = 1024 * 1024
DEPTH_LIMIT = 40
DOCUMENT_LIMIT = 500


class _Refused(yaml.YAMLError):
    """YAML allows it, this reader does not."""

    def __init__(self, text: str, mark: Any, remedy: str) -> None:
        super().__init__(f"{text}, at line {mark.line + 1}, column {mark.column + 1}")
        self.remedy = remedy


class _StrictLoader(yaml.SafeLoader):
    """Refuses aliases, deep nesting and duplicate keys while composing."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(
                "aliases (`*name`) are not allowed",
                event.start_mark,
                "Write the value out where the alias stands.",
            )
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise _Refused(
                f"nested deeper than {DEPTH_LIMIT} levels",
                event.start_mark,
                "Make the structure flatter.",
            )
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str | int | float | bool):
                raise _Refused(
                    "a key must be a plain value", key.start_mark, "Use a text as the key."
                )
            if name in seen:
                raise _Refused(
                    f"key {name!r} is there twice", key.start_mark, "Keep one of the two."
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


# Timestamps stay text: an object of the API has no such type.
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_documents(data: bytes, *, name: str, limit: int = SIZE_LIMIT) -> list[Any]:
    """Read all documents; empty ones are left out.

    Args:
        data: UTF-8 text.
        name: Of the file, for messages.
        limit: Most bytes that are accepted.

    Raises:
        TooLarge: More than `limit` bytes.
        InvalidInput: Not UTF-8, not YAML, or one of the refused constructs; with line and column.
    """
    if len(data) > limit:
        raise TooLarge(f"{name} has {len(data)} bytes; {limit} are allowed")
    documents: list[Any] = []
    try:
        for document in yaml.load_all(data.decode(), Loader=_StrictLoader):
            documents.append(document)
            if len(documents) > DOCUMENT_LIMIT:
                raise InvalidInput(f"{name} has more than {DOCUMENT_LIMIT} documents")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name} is not UTF-8 text: {error.reason}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        text = " ".join(str(error).split())
        remedy = error.remedy if isinstance(error, _Refused) else "Correct the YAML there."
        raise InvalidInput(f"{name} is not accepted: {text[:500]}", remedy=remedy) from error
    return [document for document in documents if document is not None]
