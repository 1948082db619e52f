"""YAML of strangers -> objects, or the line that is wrong. Pure.

PyYAML's safe loader builds no Python objects, and still takes duplicate keys (the last one wins in
silence), aliases that grow to gigabytes, and dates that JSON does not know. Here a document is
what the Kubernetes API would take: string keys, each once; finite numbers; a bounded size even
when every alias is written out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from idp.kernel.errors import Invalid, InvalidInput, TooLarge

MAX_BYTES = 2**20
MAX_NODES = 50_000
MAX_DEPTH = 64


class _Refused(Exception):
    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.line = node.start_mark.line + 1


class _Loader(yaml.SafeLoader):
    """The safe loader without timestamps, with a bound on depth."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the form that PyYAML wants
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem=f"nested deeper than {MAX_DEPTH} levels",
                problem_mark=event.start_mark,
            )
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def load_documents(content: bytes, path: str) -> Iterator[tuple[int, Any]]:
    """The documents of a file, each with the line on which it starts; empty ones are left out.

    Args:
        path: Names the file in errors.

    Raises:
        TooLarge: The file is larger than 1 MiB.
        Invalid: It is not YAML, or breaks a rule above; the message names path and line.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge(f"{path}: {len(content)} bytes; the limit for one file is {MAX_BYTES}")
    try:
        loader = _Loader(content.decode())
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: byte {error.start} is not UTF-8") from error
    except yaml.YAMLError as error:
        raise _invalid(path, error) from error
    try:
        while loader.check_node():
            if (node := loader.get_node()) is None:
                break
            _check(node, {}, set())
            value = loader.construct_document(node)
            if value is not None:
                yield node.start_mark.line + 1, value
    except _Refused as error:
        raise Invalid(f"{path}:{error.line}: {error}") from error
    except yaml.YAMLError as error:
        raise _invalid(path, error) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise Invalid(f"{path}: {error}") from error
    finally:
        loader.dispose()


def load_document(content: bytes, path: str) -> Any:
    """The only document of a file.

    Raises:
        InvalidInput: There is none or more than one; else as `load_documents`.
    """
    documents = list(load_documents(content, path))
    if len(documents) != 1:
        raise InvalidInput(f"{path}: holds {len(documents)} documents, one is expected")
    return documents[0][1]


def _invalid(path: str, error: yaml.YAMLError) -> Invalid:
    mark = getattr(error, "problem_mark", None)
    where = f"{path}:{mark.line + 1}" if mark else path
    return Invalid(f"{where}: {getattr(error, 'problem', None) or 'not YAML'}")


def _check(node: Node, sizes: dict[int, int], open_nodes: set[int]) -> int:
    """Check a node and give its size with all aliases written out."""
    if id(node) in open_nodes:
        raise _Refused(node, "contains itself")
    if (known := sizes.get(id(node))) is not None:
        return known
    open_nodes.add(id(node))
    size = 1
    for child in _children(node):
        size += _check(child, sizes, open_nodes)
        if size > MAX_NODES:
            raise _Refused(node, f"grows to more than {MAX_NODES} values")
    open_nodes.discard(id(node))
    if node.tag.endswith(":float") and not math.isfinite(_number(node.value)):
        raise _Refused(node, f"{node.value!r} is not a number that JSON knows")
    sizes[id(node)] = size
    return size


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.tag.endswith(":merge"):
                yield value
                continue
            if not key.tag.endswith(":str"):
                raise _Refused(key, "a key must be a string; put it in quotes")
            if key.value in seen:
                raise _Refused(key, f"the key {key.value[:80]!r} is there twice")
            seen.add(key.value)
            yield value


def _number(text: str) -> float:
    try:
        return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:  # sexagesimal numbers of YAML 1.1
        return 0.0
