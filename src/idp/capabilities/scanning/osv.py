"""Advisories in the Open Source Vulnerability format, and whether a version is affected. Pure.

https://ossf.github.io/osv-schema/ ("Evaluation" gives the algorithm that `affects` follows)

Rules:
1. Only packages of the ecosystem PyPI; names are compared in their normal form (PEP 503), versions
   as PEP 440 orders them. `0` is before every version.
2. A version is affected when it is listed, or lies in a range: behind an `introduced`, not at or
   behind a later `fixed`, not behind a later `last_affected`, and before a `limit` if there is one.
3. Ranges of Git commits say nothing about versions and are left out.
4. A record that cannot be read wholly is refused: half an advisory would make half a promise.
5. Of several scores the highest counts. A severity without a readable CVSS vector is no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from idp.capabilities.scanning.cvss import base_score
from idp.kernel.clock import timestamp
from idp.kernel.errors import InvalidInput

ECOSYSTEM = "PyPI"
_ORDER = {"fixed": 0, "limit": 0, "introduced": 1, "last_affected": 2}
_MAX_TEXT = 500

Event = tuple[str, str]
"""`introduced`, `fixed`, `last_affected` or `limit`, and the version."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Which versions of one package are affected.

    Attributes:
        package: Name in its normal form.
        ranges: Each a list of events.
        versions: Listed versions, as they were written.
    """

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
        affected: Per package; empty when it is about other ecosystems only.
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
        entries = [e for e in record.get("affected") or () if _is_ours(e["package"]["ecosystem"])]
        return Advisory(
            id=_text(record["id"], 128),
            aliases=tuple(_text(alias, 128) for alias in record.get("aliases") or ()),
            modified=_moment(record["modified"]),
            withdrawn=bool(record.get("withdrawn")),
            summary=_summary(record),
            severity=_severity([record, *entries]),
            affected=tuple(_affected(entry) for entry in entries),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidInput(f"not a whole OSV record: {error!r}") from error


def affects(affected: Affected, version: Version) -> bool:
    """Whether a version of the package is affected (rule 2)."""
    return any(_is_listed(listed, version) for listed in affected.versions) or any(
        _in_range(events, version) for events in affected.ranges
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


def _is_ours(ecosystem: str) -> bool:
    return ecosystem.partition(":")[0] == ECOSYSTEM


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
                continue  # Rule 5: another kind of score
    return max(scores, default=None)


def _affected(entry: Mapping[str, Any]) -> Affected:
    ranges = []
    for found in entry.get("ranges") or ():
        if found["type"] == "GIT":  # Rule 3
            continue
        events = [_event(event) for event in found["events"]]
        if not any(kind == "introduced" for kind, _ in events):
            raise ValueError("a range without `introduced`")
        ranges.append(tuple(sorted(events, key=_event_order)))
    return Affected(
        package=canonicalize_name(_text(entry["package"]["name"], 200)),
        ranges=tuple(ranges),
        versions=tuple(_text(version, 100) for version in entry.get("versions") or ()),
    )


def _event(event: Mapping[str, str]) -> Event:
    ((kind, version),) = event.items()
    if kind not in _ORDER:
        raise ValueError(f"unknown event {kind!r:.40}")
    if not (version == "0" and kind == "introduced") and not (version == "*" and kind == "limit"):
        Version(version)
    return kind, version


def _event_order(event: Event) -> tuple[bool, Version, int]:
    kind, version = event
    first = version in ("0", "*")
    return not first, Version("0") if first else Version(version), _ORDER[kind]


def _is_listed(listed: str, version: Version) -> bool:
    try:
        return Version(listed) == version
    except InvalidVersion:
        return listed == str(version)


def _in_range(events: tuple[Event, ...], version: Version) -> bool:
    limits = [at for kind, at in events if kind == "limit"]
    if limits and not any(at == "*" or version < Version(at) for at in limits):
        return False
    inside = False
    for kind, at in events:
        if kind == "introduced" and (at == "0" or version >= Version(at)):
            inside = True
        elif (kind == "fixed" and version >= Version(at)) or (
            kind == "last_affected" and version > Version(at)
        ):
            inside = False
    return inside
