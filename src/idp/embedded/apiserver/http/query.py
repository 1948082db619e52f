"""Query parameters. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping

from idp.embedded.apiserver.verbs.prepare import invalid_options
from idp.embedded.apiserver.verbs.read import Selection, WatchOptions
from idp.embedded.apiserver.verbs.request import FieldValidation
from idp.kernel.errors import Cause, InvalidInput

_SHORTEST_WATCH = 1800.0


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean parameter."""
    return query.get(name, "").lower() in ("true", "1")


def number(query: Mapping[str, str], name: str) -> int | None:
    """A number that is not negative; None when it is not given.

    Raises:
        InvalidInput: It is something else.
    """
    text = query.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput(f'{name}: Invalid value: "{text}": must be a number')
    return int(text)


def selection(query: Mapping[str, str]) -> Selection:
    """Which objects are meant."""
    return Selection(query.get("labelSelector") or None, query.get("fieldSelector") or None)


def dry_run(query: Mapping[str, str], options: str) -> bool:
    """Whether nothing is to be stored. `options` is the kind of the request's options.

    Raises:
        Invalid: A value other than `All` is given.
    """
    value = query.get("dryRun", "")
    if value not in ("", "All"):
        text = f'Unsupported value: ["{value}"]: supported values: "All"'
        raise invalid_options(options, Cause("dryRun", text, "FieldValueNotSupported"))
    return value == "All"


def field_validation(query: Mapping[str, str]) -> FieldValidation:
    """What happens to unknown fields."""
    value = query.get("fieldValidation", "")
    match value:
        case "" | "Warn":
            return "Warn"
        case "Strict":
            return "Strict"
        case "Ignore":
            return "Ignore"
    raise InvalidInput(
        f'fieldValidation: Unsupported value: "{value}": supported values: '
        '"Ignore", "Strict", "Warn"'
    )


def watch_options(query: Mapping[str, str]) -> WatchOptions:
    """How to watch.

    Raises:
        InvalidInput: Parameters do not fit together.
    """
    initial = flag(query, "sendInitialEvents")
    if initial and query.get("resourceVersionMatch") != "NotOlderThan":
        raise InvalidInput(
            "ListOptions.meta.k8s.io is invalid: resourceVersionMatch: Forbidden: "
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        )
    seconds = number(query, "timeoutSeconds")
    return WatchOptions(
        version=number(query, "resourceVersion"),
        initial=initial,
        bookmarks=flag(query, "allowWatchBookmarks"),
        # Spread the ends, so that clients do not all come back in one moment.
        seconds=float(seconds or _SHORTEST_WATCH * (1 + random.random())),  # noqa: S311
    )
