"""What Git says and what is there, field by field. Pure.

The engine's own word (`sync`) is what counts; this shows where to look. Fields that only the API
or another manager sets are told apart, for Git does not state them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from idp.apps.hub.views.model import View
from idp.kernel.resource import Manifest

State = Literal["same", "different", "missing", "unstated"]


class FieldView(View):
    """One field.

    Attributes:
        path: Such as `spec.replicas`.
        wanted: What Git says; None when it says nothing.
        live: What is there; None when it is not.
        state: `unstated`: Git says nothing of it.
    """

    path: str
    wanted: str | None
    live: str | None
    state: State


def compare_fields(wanted: Manifest, live: Manifest | None) -> list[FieldView]:
    """Every field of either side that Git can state, by path; differences first."""
    stated, there = dict(_stated(wanted)), dict(_stated(live or {}))
    metadata = tuple(f"metadata.{name}" for name in ("annotations", "labels"))
    rows = [
        FieldView(
            path=path,
            wanted=stated.get(path),
            live=there.get(path),
            state=_state(path, stated, there),
        )
        for path in sorted({*stated, *there})
        # What controllers note about an object is not part of what was wanted.
        if path in stated or not path.startswith(metadata)
    ]
    order: dict[State, int] = {"different": 0, "missing": 0, "same": 1, "unstated": 2}
    return sorted(rows, key=lambda row: order[row.state])


def _state(path: str, stated: Mapping[str, str], there: Mapping[str, str]) -> State:
    if path not in stated:
        return "unstated"
    if path not in there:
        return "missing"
    return "same" if stated[path] == there[path] else "different"


def _stated(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for name, value in manifest.items():
        if name == "metadata":
            for part in ("labels", "annotations"):
                yield from leaves(f"metadata.{part}", (value or {}).get(part) or {})
        elif name not in ("apiVersion", "kind", "status"):
            yield from leaves(name, value)


def leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """The leaves of a JSON value, by path."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(f"{path}.{name}" if path else name, item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from leaves(f"{path}[{place}]", item)
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)
