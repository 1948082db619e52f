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

from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.resource import Manifest
from idp.kernel.strict_yaml import read_documents

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
        InvalidInput: It is not one YAML mapping that `strict_yaml` accepts.
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
        data = VARIABLE.sub(hide, text).encode(errors="surrogatepass")
        documents = list(read_documents(data, name="the manifest", plain=self._unquoted))
        if len(documents) != 1 or not isinstance(documents[0].value, dict):
            raise InvalidInput("the manifest is not one object")
        self._body = documents[0].value

    def _unquoted(self, text: str) -> str:
        return _Unquoted(text) if self._mark.fullmatch(text) else text

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
