"""Which promotions start by themselves, and which waiting ones a newer release replaces. Pure.

Rules, for one application in one environment:

1. A release may come when the environment has no previous one, or the previous one verified it.
2. Of those, only the newest is considered: releases in between are skipped.
3. It is started when the pipeline is automatic and it was never promoted here before, whatever
   came of that: what failed or was rejected is started again by a person only.
4. Nothing older than what was ever promoted here starts by itself: after a rollback the platform
   does not go forward again on its own, and never goes back.
5. A promotion that still waits (it does not have its turn yet) is superseded by a later promotion
   of a newer release, unless that one failed. One that has its turn runs to its end; the newer one
   waits. One that belongs to a set stays, for the set would fail. An older release promoted by a
   person after a newer one is meant, and stays.
6. While a release is frozen, nothing of the application starts by itself.
7. With `supersede: never` nothing is skipped and nothing superseded: releases queue. The oldest
   comes first that is newer than all that were ever promoted here, once no promotion of the
   application is under way.

Releases are ordered by their commit count, then by time and version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from idp.capabilities.promotion.decide.promotion_status import has_turn
from idp.kernel.conditions import condition_of, is_true
from idp.kernel.resource import Manifest

HELD = "Held"
"""Condition of a release that went badly here; its reason is one of the following."""
ROLLED_BACK, FROZEN = "RolledBack", "Frozen"

Supersede = Literal["always", "never"]

_WAITING = ("", "Pending", "Running")


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """A release that was imported.

    Attributes:
        name: Of the Release object.
        version: Such as `r12-3fa9c1d`.
        count: Commits up to it.
        time: When it was committed, RFC 3339.
        verified_in: Environments that verified it.
        promoted: Whether it was ever promoted here, also when that promotion was deleted.
        frozen: Whether it holds its application.
    """

    name: str
    version: str
    count: int
    time: str = ""
    verified_in: frozenset[str] = frozenset()
    promoted: bool = False
    frozen: bool = False

    @classmethod
    def of(cls, manifest: Manifest) -> KnownRelease:
        """From the object."""
        spec, status = manifest["spec"], manifest.get("status") or {}
        return cls(
            name=manifest["metadata"]["name"],
            version=spec["version"],
            count=spec["source"]["count"],
            time=spec["source"]["time"],
            verified_in=frozenset(status.get("verifiedIn", [])),
            promoted=bool(status.get("promotion")),
            frozen=is_true(manifest, HELD)
            and (condition_of(manifest, HELD) or {}).get("reason") == FROZEN,
        )

    @property
    def order(self) -> tuple[int, str, str]:
        """Newer releases compare greater."""
        return (self.count, self.time, self.version)


@dataclass(frozen=True, slots=True)
class KnownPromotion:
    """A promotion of the application in this environment.

    Attributes:
        name: Of the Promotion object.
        release: Name of the Release; empty for a rollback.
        phase: Of its status.
        created: When, RFC 3339.
        has_turn: Whether it is, or was, past approval and changes the environment.
        in_set: Whether it belongs to a set.
    """

    name: str
    release: str
    phase: str
    created: str
    has_turn: bool = False
    in_set: bool = False

    @classmethod
    def of(cls, manifest: Manifest) -> KnownPromotion:
        """From the object."""
        spec, meta = manifest["spec"], manifest["metadata"]
        promotes = spec.get("action", "promote") == "promote"
        return cls(
            name=meta["name"],
            release=spec.get("release", "") if promotes else "",
            phase=(manifest.get("status") or {}).get("phase", ""),
            created=meta["creationTimestamp"],
            has_turn=has_turn(manifest),
            in_set=bool(spec.get("set")),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do.

    Attributes:
        start: Release to promote; None when there is nothing to start.
        name: Name of the promotion to create.
        superseded: Waiting promotion -> name of the promotion that replaces it.
    """

    start: KnownRelease | None
    name: str
    superseded: tuple[tuple[str, str], ...]


def next_promotions(
    application: str,
    releases: Sequence[KnownRelease],
    promotions: Sequence[KnownPromotion],
    *,
    previous: str | None,
    automatic: bool,
    supersede: Supersede = "always",
) -> Plan:
    """Apply the rules."""
    by_name = {release.name: release for release in releases}
    automatic = automatic and not any(release.frozen for release in releases)  # Rule 6
    start = _to_start(releases, promotions, by_name, previous, supersede) if automatic else None
    name = promotion_name(application, start.version, promotions) if start else ""
    superseded: list[tuple[str, str]] = []
    if supersede == "never":  # Rule 7
        return Plan(start, name, ())
    for waiting in promotions:
        if waiting.phase not in _WAITING or waiting.has_turn or waiting.in_set:
            continue
        if waiting.release not in by_name:
            continue
        release = by_name[waiting.release]
        if start is not None and release.order < start.order:
            superseded.append((waiting.name, name))
        elif (later := _replacement(waiting, release, promotions, by_name)) is not None:
            superseded.append((waiting.name, later))
    return Plan(start, name, tuple(superseded))


def promotion_name(application: str, version: str, promotions: Sequence[KnownPromotion]) -> str:
    """`<application>-<version>`, and `-2`, `-3` behind it when the release comes again."""
    taken = {promotion.name for promotion in promotions}
    base = name = f"{application}-{version}"
    number = 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name


def _to_start(
    releases: Sequence[KnownRelease],
    promotions: Sequence[KnownPromotion],
    by_name: dict[str, KnownRelease],
    previous: str | None,
    supersede: Supersede,
) -> KnownRelease | None:
    eligible = [r for r in releases if previous is None or previous in r.verified_in]  # Rule 1
    if not eligible:
        return None
    promoted = [by_name[p.release] for p in promotions if p.release in by_name]
    promoted += [release for release in releases if release.promoted]
    under_way = any(p.phase in _WAITING for p in promotions)
    if supersede == "never" and under_way:  # Rule 7
        return None
    last = max((release.order for release in promoted), default=None)
    left = [r for r in eligible if last is None or r.order > last]  # Rules 3 and 4
    choose = max if supersede == "always" else min  # Rules 2 and 7
    return choose(left, key=lambda release: release.order, default=None)


def _replacement(
    waiting: KnownPromotion,
    release: KnownRelease,
    promotions: Sequence[KnownPromotion],
    by_name: dict[str, KnownRelease],
) -> str | None:  # Rule 5
    newer = [
        (by_name[other.release].order, other.name)
        for other in promotions
        if other.release in by_name
        and other.phase != "Failed"
        and other.created >= waiting.created
        and by_name[other.release].order > release.order
    ]
    return max(newer)[1] if newer else None
