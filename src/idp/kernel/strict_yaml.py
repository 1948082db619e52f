"""YAML from people and repositories -> values that JSON has, or the line that is wrong.

PyYAML's safe loader builds no Python objects, and still takes duplicate keys (the last one wins in
silence), aliases of which a few lines stand for gigabytes, and dates that JSON does not know. Here
a document is what the Kubernetes API would take: string keys, each once; finite numbers; no tags
of its own; a bounded depth, and a bounded size even when every alias is written out. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from idp.kernel.errors import InvalidInput, TooLarge

SIZE_LIMIT = 1024 * 1024
NODE_LIMIT = 100_000
"""Values in one document, every alias written out."""
DEPTH_LIMIT = 64
DOCUMENT_LIMIT = 500

_TAG = "tag:yaml.org,2002:"
_JSON_TAGS = frozenset(
    _TAG + name for name in ("null", "bool", "int", "float", "str", "seq", "map")
)
_TEXT_TAGS = (_TAG + "timestamp", _TAG + "value")
"""What YAML 1.1 sees in a date and in `=`; JSON has only their text."""


class Document(NamedTuple):
    """One document of a file.

    Attributes:
        line: On which it starts, from 1.
        value: What it says; never None.
    """

    line: int
    value: Any


def read_documents(
    data: bytes, *, name: str, limit: int = SIZE_LIMIT, plain: Callable[[str], str] = str
) -> Iterator[Document]:
    """Read a file's documents one by one; empty ones are left out.

    Args:
        data: UTF-8 text.
        name: Of the file, for messages.
        limit: Most bytes that are accepted.
        plain: Given each string that stands without quotes, says what becomes of it.

    Raises:
        TooLarge: More than `limit` bytes.
        InvalidInput: Not UTF-8, not YAML, or one of the refused constructs; with the line.
    """
    if len(data) > limit:
        raise TooLarge(f"{name} has {len(data)} bytes; {limit} are allowed")
    try:
        loader = _Loader(data.decode(), plain)
        try:
            yield from _documents(loader)
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise _unreadable(f"{name} is not UTF-8 text: byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise _unreadable(f"{where}: {error.problem or 'not YAML'}") from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        text = " ".join(str(error).split())
        raise _unreadable(f"{name} is not YAML: {text[:500]}") from error


def load_documents(data: bytes, *, name: str, limit: int = SIZE_LIMIT) -> list[Any]:
    """Read the values of all documents; else as `read_documents`."""
    return [document.value for document in read_documents(data, name=name, limit=limit)]


class _Loader(yaml.SafeLoader):
    """The safe loader with a bound on depth and without types that JSON has not."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the form that PyYAML wants
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _TEXT_TAGS]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str, plain: Callable[[str], str]) -> None:
        super().__init__(text)
        self.plain = plain
        self.depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise _refused(event, f"nested deeper than {DEPTH_LIMIT} levels")
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_string(self, node: ScalarNode) -> str:
        text = str(self.construct_scalar(node))
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise _refused(node, "half of a surrogate pair is no character")
        return text if node.style else self.plain(text)


_Loader.add_constructor(f"{_TAG}str", _Loader.construct_string)


def _documents(loader: _Loader) -> Iterator[Document]:
    count = 0
    while loader.check_node() and (node := loader.get_node()) is not None:
        count += 1
        if count > DOCUMENT_LIMIT:
            raise _refused(node, f"more than {DOCUMENT_LIMIT} documents")
        _check(node, {}, set())
        value = loader.construct_document(node)
        if value is not None:
            yield Document(node.start_mark.line + 1, value)


def _check(node: Node, sizes: dict[int, int], open_nodes: set[int]) -> int:
    """Check a node and give its size with all aliases written out."""
    if id(node) in open_nodes:
        raise _refused(node, "contains itself")
    if (known := sizes.get(id(node))) is not None:
        return known
    if node.tag not in _JSON_TAGS:
        raise _refused(node, f"the tag {_tag(node)} is not accepted")
    open_nodes.add(id(node))
    size = 1
    for child in _children(node):
        size += _check(child, sizes, open_nodes)
        if size > NODE_LIMIT:
            raise _refused(node, f"grows to more than {NODE_LIMIT} values")
    open_nodes.discard(id(node))
    if node.tag == f"{_TAG}float" and not math.isfinite(_number(node.value)):
        raise _refused(node, f"{node.value!r} is not a number that JSON knows")
    sizes[id(node)] = size
    return size


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.tag != f"{_TAG}merge":
                if key.tag != f"{_TAG}str" or not isinstance(key, ScalarNode):
                    raise _refused(key, "a key must be a string; put it in quotes")
                if key.value in seen:
                    raise _refused(key, f"the key {key.value[:80]!r} is there twice")
                seen.add(key.value)
            yield value


def _unreadable(message: str) -> InvalidInput:
    return InvalidInput(message, remedy="Correct the YAML there; text in quotes stays text.")


def _tag(node: Node) -> str:
    short = node.tag.removeprefix(_TAG)
    return f"!!{short}" if short != node.tag else node.tag[:80]


def _number(text: str) -> float:
    try:
        return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:  # sexagesimal numbers of YAML 1.1
        return 0.0


def _refused(where: Any, problem: str) -> yaml.MarkedYAMLError:
    """An error at a node or an event."""
    return yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)
