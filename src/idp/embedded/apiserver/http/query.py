"""Query parameters. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping

import orjson
from multidict import MultiMapping

from idp.embedded.apiserver.errors import Unexplained
from idp.embedded.apiserver.verbs.prepare import (
    REQUIRED_MANAGER,
    dry_run_causes,
    invalid_options,
)
from idp.embedded.apiserver.verbs.read import ListOptions, Selection, WatchOptions
from idp.embedded.apiserver.verbs.request import FieldValidation
from idp.kernel.errors import Cause, InvalidInput

_SHORTEST_WATCH = 1800.0
_LONGEST_MANAGER = 128
_DIGITS = 20
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_VALIDATIONS: Mapping[str, FieldValidation] = {
    "Ignore": "Ignore",
    "Warn": "Warn",
    "Strict": "Strict",
}


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean parameter: on by its presence, unless it says `false` or `0`."""
    return name in query and query[name].lower() not in ("false", "0")


def number(query: Mapping[str, str], name: str) -> int | None:
    """A number that is not negative; None when it is not given, or negative.

    Raises:
        InvalidInput: It is something else.
    """
    text = query.get(name, "")
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise InvalidInput(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return value if (value := int(text)) >= 0 else None


def selection(query: Mapping[str, str]) -> Selection:
    """Which objects are meant."""
    return Selection(query.get("labelSelector") or None, query.get("fieldSelector") or None)


def check_options(query: MultiMapping[str], options: str, *, applying: bool = False) -> None:
    """Check the parameters of a request that changes something.

    Args:
        query: The parameters.
        options: Kind of the request's options, such as `CreateOptions`.
        applying: It is a server-side apply.

    Raises:
        Invalid: A parameter has a value that it cannot have.
    """
    causes = [*_patch_causes(query, applying=applying)] if options == "PatchOptions" else []
    causes += _manager_causes(query.get("fieldManager", ""))
    causes += dry_run_causes(query.getall("dryRun", []))
    value = query.get("fieldValidation", "")
    if value not in ("", *_VALIDATIONS):
        text = f'Unsupported value: "{value}": supported values: "", "Ignore", "Strict", "Warn"'
        causes.append(Cause("fieldValidation", text, "FieldValueNotSupported"))
    if causes:
        raise invalid_options(options, *causes)


def _patch_causes(query: Mapping[str, str], *, applying: bool) -> Iterator[Cause]:
    if applying and not query.get("fieldManager"):
        yield REQUIRED_MANAGER
    elif not applying and "force" in query:
        text = "Forbidden: may not be specified for non-apply patch"
        yield Cause("force", text, "FieldValueForbidden")


def _manager_causes(manager: str) -> Iterator[Cause]:
    if len(manager.encode()) > _LONGEST_MANAGER:
        text = f"Too long: may not be more than {_LONGEST_MANAGER} bytes"
        yield Cause("fieldManager", text, "FieldValueTooLong")
    for position, character in enumerate(manager):
        if not character.isprintable():
            text = f"invalid character U+{ord(character):04X} (at position {position})"
            shown = orjson.dumps(manager).decode()
            yield Cause("fieldManager", f"Invalid value: {shown}: {text}")
            return


def field_validation(query: Mapping[str, str]) -> FieldValidation:
    """What happens to unknown fields; call `check_options` before."""
    return _VALIDATIONS.get(query.get("fieldValidation", ""), "Warn")


def list_options(query: Mapping[str, str]) -> ListOptions:
    """Which state to list, and how much of it.

    Raises:
        Invalid: Parameters do not fit together.
        InvalidInput: One cannot be read.
    """
    if causes := [*_list_causes(query)]:
        raise invalid_options("ListOptions", *causes)
    token, version = query.get("continue", ""), query.get("resourceVersion", "")
    if token and version not in ("", "0"):
        raise InvalidInput("specifying resource version is not allowed when using continue")
    return ListOptions(
        limit=number(query, "limit") or 0,
        token=token,
        version=resource_version(version),
        exact=query.get("resourceVersionMatch") == "Exact",
        at_least=query.get("resourceVersionMatch") == "NotOlderThan",
    )


def _list_causes(query: Mapping[str, str]) -> Iterator[Cause]:
    match, version = query.get("resourceVersionMatch", ""), query.get("resourceVersion", "")
    if match:
        if not version:
            text = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            yield _forbidden("resourceVersionMatch", text)
        if query.get("continue"):
            text = "resourceVersionMatch is forbidden when continue is provided"
            yield _forbidden("resourceVersionMatch", text)
        if match not in ("Exact", "NotOlderThan"):
            yield _unsupported_match(match, '"Exact", "NotOlderThan", ""')
        if match == "Exact" and version == "0":
            text = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            yield _forbidden("resourceVersionMatch", text)
    if "sendInitialEvents" in query:
        yield _forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")


def _watch_causes(query: Mapping[str, str]) -> Iterator[Cause]:
    match, initial = query.get("resourceVersionMatch", ""), "sendInitialEvents" in query
    if initial and match != "NotOlderThan":
        text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        yield _forbidden("resourceVersionMatch", text)
    if match:
        if not initial:
            text = "forbidden for watch unless sendInitialEvents is provided"
            yield _forbidden("resourceVersionMatch", f"resourceVersionMatch is {text}")
        if match != "NotOlderThan":
            yield _unsupported_match(match, '"NotOlderThan"')
        if query.get("continue"):
            text = "resourceVersionMatch is forbidden when continue is provided"
            yield _forbidden("resourceVersionMatch", text)


def _forbidden(field: str, text: str) -> Cause:
    return Cause(field, f"Forbidden: {text}", "FieldValueForbidden")


def _unsupported_match(match: str, supported: str) -> Cause:
    text = f'Unsupported value: "{match}": supported values: {supported}'
    return Cause("resourceVersionMatch", text, "FieldValueNotSupported")


def known_version(query: Mapping[str, str]) -> int | None:
    """The resource version that a get or a watch is to be as new as; None for none.

    Raises:
        Unexplained: It is not a number.
    """
    try:
        return resource_version(query.get("resourceVersion", ""))
    except InvalidInput as error:
        raise Unexplained(error.message.removeprefix("invalid resource version: ")) from error


def resource_version(text: str) -> int | None:
    """A resource version; None when none is given.

    Raises:
        InvalidInput: It is not a number.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS):
        raise InvalidInput(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": '
            f'strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text)


def watch_options(query: Mapping[str, str]) -> WatchOptions:
    """How to watch.

    Raises:
        InvalidInput: Parameters do not fit together.
    """
    if causes := [*_watch_causes(query)]:
        raise invalid_options("ListOptions", *causes)
    initial = flag(query, "sendInitialEvents")
    return WatchOptions(
        version=known_version(query),
        initial=initial,
        state=initial or "sendInitialEvents" not in query,
        bookmarks=flag(query, "allowWatchBookmarks"),
        seconds=_watch_seconds(query),
    )


def _watch_seconds(query: Mapping[str, str]) -> float:
    seconds = number(query, "timeoutSeconds")
    if seconds is None and query.get("timeoutSeconds"):
        return 0.0  # a negative time is over already, as with the real server
    # Spread the ends, so that clients do not all come back in one moment.
    return float(seconds or _SHORTEST_WATCH * (1 + random.random()))  # noqa: S311
