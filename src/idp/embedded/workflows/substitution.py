"""`{{variables}}`, and the manifests of resource templates. Pure.

Argo replaces variables in a manifest's *text* and parses it afterwards, so a value with a newline
or a brace can add fields to the object. Here the manifest is parsed first, with each variable as an
opaque word, and values are put into the scalars of the parsed object: whatever a value holds, it
stays one scalar. A scalar that is nothing but one variable and stands without quotes reads as YAML
would read it (`replicas: {{inputs.parameters.n}}` is a number); in quotes it is a string.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.resource import Manifest

VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"-?\d+\.\d+")
_CONSTANTS = {"true": True, "false": False, "null": None}

Variables = Mapping[str, str]


def substitute(text: str, variables: Variables) -> str:
    """Replace every variable of a text, once: a value is never searched for variables.

    Raises:
        NotFound: A variable has no value.
    """

    def value(match: re.Match[str]) -> str:
        try:
            return variables[match[1]]
        except KeyError:
            raise NotFound(f"{{{{{match[1]}}}}} has no value") from None

    return VARIABLE.sub(value, text)


def substitute_all(value: Any, variables: Variables) -> Any:
    """Replace the variables in every string of a JSON value, keys included."""
    return _map_strings(value, lambda text: substitute(text, variables))


def variables_in(value: Any) -> Iterator[str]:
    """Names of all variables in the strings of a JSON value."""
    found: list[str] = []

    def note(text: str) -> str:
        found.extend(VARIABLE.findall(text))
        return text

    _map_strings(value, note)
    return iter(found)


def _map_strings(value: Any, change: Callable[[str], Any]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_strings(item, change) for item in value]
    if isinstance(value, dict):
        return {str(change(str(k))): _map_strings(v, change) for k, v in value.items()}
    return value


class _Unquoted(str):
    """A scalar that stands without quotes and is nothing but one variable."""


class ParsedManifest:
    """A manifest with variables still in it.

    Raises:
        InvalidInput: It is not one YAML mapping, has anchors, or has a key twice.
    """

    def __init__(self, text: str) -> None:
        mark = "variable"
        while mark in text:
            mark += "x"
        self._names: list[str] = []

        def hide(match: re.Match[str]) -> str:
            self._names.append(match[1])
            return f"{mark}{len(self._names) - 1}y"

        self._mark = re.compile(rf"{mark}(\d+)y")
        loader = _Loader(VARIABLE.sub(hide, text), self._mark)
        try:
            body = loader.get_single_data()
        except (yaml.YAMLError, RecursionError) as error:
            raise InvalidInput(f"the manifest is not YAML: {error}") from error
        finally:
            loader.dispose()
        if not isinstance(body, dict):
            raise InvalidInput("the manifest is not one object")
        self._body = body

    @property
    def names(self) -> list[str]:
        """Names of its variables."""
        return self._names

    def fill(self, variables: Variables) -> Manifest:
        """The object with every variable replaced by its value, as a scalar.

        Raises:
            NotFound: A variable has no value.
        """

        def put(text: str) -> Any:
            filled = self._mark.sub(lambda match: self._value(match[1], variables), text)
            return _plain(filled) if isinstance(text, _Unquoted) else filled

        filled: Manifest = _map_strings(self._body, put)
        return filled

    def _value(self, number: str, variables: Variables) -> str:
        return substitute(f"{{{{{self._names[int(number)]}}}}}", variables)


def _plain(text: str) -> Any:
    """Read an unquoted scalar as YAML's core schema does."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


class _Loader(yaml.SafeLoader):
    """Safe YAML without anchors (they multiply), timestamps (JSON has none) and repeated keys."""

    def __init__(self, text: str, mark: re.Pattern[str]) -> None:
        super().__init__(text)
        self.variable = mark

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise InvalidInput("the manifest uses a YAML alias, which is not supported")
        return super().compose_node(parent, index)

    def construct_string(self, node: yaml.ScalarNode) -> str:
        text = str(self.construct_scalar(node))
        if node.style is None and self.variable.fullmatch(text):
            return _Unquoted(text)
        return text

    def refuse(self, node: yaml.Node) -> None:
        raise InvalidInput(f"the manifest has a {node.tag.rpartition(':')[2]}, which JSON has not")

    def construct_object_once(self, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if not isinstance(key, str):
                raise InvalidInput(f"the manifest has the key {key!r}, which is not a string")
            if key in keys[:position]:
                raise InvalidInput(f"the manifest has the key {key!r} twice")
        values = [self.construct_object(value, deep=True) for _, value in node.value]
        return dict(zip(keys, values, strict=True))


_Loader.add_constructor("tag:yaml.org,2002:str", _Loader.construct_string)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_object_once)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_string)
for _tag in ("binary", "set", "omap", "pairs"):  # what JSON has no form for
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.refuse)
