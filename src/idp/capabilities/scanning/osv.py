"""Advisories in the Open Source Vulnerability format, and whether a version is affected. Pure.

https://ossf.github.io/osv-schema/ ("Evaluation" gives the algorithm that `affects` follows)

Rules:
1. Only packages of the ecosystems of `versions`, whose orders count; names of PyPI are compared in
   their normal form (PEP 503). `0` is before every version. `Debian:12` is an ecosystem of its own.
2. A version is affected when it is listed, or lies in a range: behind an `introduced`, not at or
   behind a later `fixed`, not behind a later `last_affected`, and before a `limit` if there is one.
3. Ranges of Git commits say nothing about versions and are left out.
4. A record that cannot be read wholly is refused: half an advisory would make half a promise.
5. Distributions name in `upstream` the vulnerability that a record of theirs is about; where it is
   one alone, that is an alias. An advisory about several is none of them.
6. Of several scores the highest counts. A severity without a readable CVSS vector is no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from idp.capabilities.scanning.cvss import base_score
from idp.capabilities.scanning.versions import Key, is_known, normal_name, version_key
from idp.kernel.clock import timestamp
from idp.kernel.errors import InvalidInput

_ORDER = {"fixed": 0, "limit": 0, "introduced": 1, "last_affected": 2}
_MAX_TEXT = 500

Event = tuple[str, str]
"""`introduced`, `fixed`, `last_affected` or `limit`, and the version."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Which versions of one package are affected.

    Attributes:
        ecosystem: As OSV calls it.
        package: Name in its normal form.
        ranges: Each a list of events.
        versions: Listed versions, as they were written.
    """

    ecosystem: str
    package: str
    ranges: tuple[tuple[Event, ...], ...]
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advisory:
    """One record.

    Attributes:
        id: Such as `PYSEC-2021-335`.
        aliases: Other ids of the same vulnerability.
        modified: When its author changed it last, RFC 3339 in UTC.
        withdrawn: Whether its author took it back.
        summary: One line.
        severity: CVSS base score; None when it has none that can be computed.
        affected: Per package; empty when it is about unknown ecosystems only.
    """

    id: str
    aliases: tuple[str, ...]
    modified: str
    withdrawn: bool
    summary: str
    severity: float | None
    affected: tuple[Affected, ...]


def read_record(record: Any) -> Advisory:
    """Read an OSV record from its JSON value.

    Raises:
        InvalidInput: It does not follow the format (rule 4).
    """
    try:
        entries = [e for e in record.get("affected") or () if is_known(e["package"]["ecosystem"])]
        return Advisory(
            id=_text(record["id"], 128),
            aliases=_aliases(record),
            modified=_moment(record["modified"]),
            withdrawn=bool(record.get("withdrawn")),
            summary=_summary(record),
            severity=_severity([record, *entries]),
            affected=tuple(_affected(entry) for entry in entries),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidInput(f"not a whole OSV record: {error!r}") from error


def affects(affected: Affected, version: str) -> bool:
    """Whether a version of the package is affected (rule 2).

    Raises:
        InvalidInput: The ecosystem has no such version.
    """
    ecosystem = affected.ecosystem
    installed = version_key(ecosystem, version)
    return any(_in_range(ecosystem, events, installed) for events in affected.ranges) or any(
        listed == version or _is_same(ecosystem, listed, installed) for listed in affected.versions
    )


def merge_aliases(advisories: Iterable[Advisory]) -> list[tuple[Advisory, list[str]]]:
    """Bring together the records that are about one vulnerability.

    Returns:
        One record for each vulnerability, the worst scored one, and all its other names sorted.
    """
    groups: list[tuple[set[str], list[Advisory]]] = []
    for advisory in sorted(advisories, key=lambda a: a.id):
        names = {advisory.id, *advisory.aliases}
        members = [advisory]
        for group in [g for g in groups if g[0] & names]:
            groups.remove(group)
            names |= group[0]
            members += group[1]
        groups.append((names, members))
    merged = []
    for names, members in groups:
        chosen = min(members, key=lambda a: (-(a.severity or -1.0), a.id))
        merged.append((chosen, sorted(names - {chosen.id})))
    return sorted(merged, key=lambda pair: pair[0].id)


def _aliases(record: Mapping[str, Any]) -> tuple[str, ...]:
    upstream = record.get("upstream") or ()
    names = [*(record.get("aliases") or ()), *(upstream if len(upstream) == 1 else ())]
    return tuple(dict.fromkeys(_text(name, 128) for name in names))


def _text(value: Any, limit: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= limit or not value.isprintable():
        raise ValueError(f"{value!r:.60} is not a short text")
    return value


def _moment(value: Any) -> str:
    moment = datetime.fromisoformat(value)
    return timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _summary(record: Mapping[str, Any]) -> str:
    text = record.get("summary") or record.get("details") or ""
    lines = str(text).strip().splitlines()
    return lines[0][:_MAX_TEXT] if lines else ""


def _severity(carriers: Sequence[Mapping[str, Any]]) -> float | None:
    scores = []
    for carrier in carriers:
        for entry in carrier.get("severity") or ():
            try:
                scores.append(base_score(str(entry["score"])))
            except InvalidInput:
                continue  # Rule 6: another kind of score
    return max(scores, default=None)


def _affected(entry: Mapping[str, Any]) -> Affected:
    ecosystem = _text(entry["package"]["ecosystem"], 64)
    ranges = []
    for found in entry.get("ranges") or ():
        if found["type"] == "GIT":  # Rule 3
            continue
        events = [_event(ecosystem, event) for event in found["events"]]
        if not any(kind == "introduced" for kind, _ in events):
            raise ValueError("a range without `introduced`")
        ranges.append(tuple(_ordered(ecosystem, events)))
    return Affected(
        ecosystem=ecosystem,
        package=normal_name(ecosystem, _text(entry["package"]["name"], 300)),
        ranges=tuple(ranges),
        versions=tuple(_text(version, 200) for version in entry.get("versions") or ()),
    )


def _event(ecosystem: str, event: Mapping[str, str]) -> Event:
    ((kind, version),) = event.items()
    if kind not in _ORDER:
        raise ValueError(f"unknown event {kind!r:.40}")
    if not _is_first(kind, version):
        try:
            version_key(ecosystem, version)
        except InvalidInput as error:
            raise ValueError(str(error)) from error
    return kind, version


def _is_first(kind: str, version: str) -> bool:
    """Whether an event stands before all versions, or for no limit."""
    return (version == "0" and kind == "introduced") or (version == "*" and kind == "limit")


def _ordered(ecosystem: str, events: Sequence[Event]) -> list[Event]:
    """By version; a fix comes before what is introduced at the same one (rule 2)."""
    first = sorted(event for event in events if _is_first(*event))
    others = [event for event in events if not _is_first(*event)]
    others.sort(key=lambda event: _ORDER[event[0]])
    others.sort(key=lambda event: version_key(ecosystem, event[1]))
    return [*first, *others]


def _is_same(ecosystem: str, listed: str, installed: Key) -> bool:
    try:
        return bool(version_key(ecosystem, listed) == installed)
    except InvalidInput:
        return False  # a version of before the ecosystem had rules


def _in_range(ecosystem: str, events: tuple[Event, ...], installed: Key) -> bool:
    limits = [at for kind, at in events if kind == "limit"]
    if limits and not any(at == "*" or installed < version_key(ecosystem, at) for at in limits):
        return False
    inside = False
    for kind, at in events:
        if kind == "limit":
            continue
        if kind == "introduced":
            inside = inside or at == "0" or bool(installed >= version_key(ecosystem, at))
        elif kind == "fixed":
            inside = inside and bool(installed < version_key(ecosystem, at))
        else:
            inside = inside and bool(installed <= version_key(ecosystem, at))
    return inside
