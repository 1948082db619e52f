"""Which SLSA Build level provenance reaches, from facts. Pure.

https://slsa.dev/spec/v1.0/levels and https://slsa.dev/spec/v1.0/requirements

A level is reached when all its requirements hold and those below. What a provenance claims about
itself counts for nothing; a claim above what is reached is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BUILDER_ID = "https://platform.idp/builders/single-machine/v1"
"""The platform's own builder, whose builds and signing key share a machine with its users."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an image's provenance.

    Attributes:
        predicate: The provenance; None when there is none that a pinned key signed.
        logged: Whether it stands in its signer's transparency log.
    """

    predicate: Mapping[str, Any] | None
    logged: bool


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of a level.

    Attributes:
        level: Which needs it first.
        name: In the specification's words.
        met: Whether it holds.
        why: The fact that it goes by, or what is missing.
    """

    level: int
    name: str
    met: bool
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is reached.

    Attributes:
        level: Reached; 0 for none.
        claimed: By the provenance itself; None when it claims nothing.
        requirements: All, in order.
    """

    level: int
    claimed: int | None
    requirements: Sequence[Requirement]

    @property
    def next(self) -> list[Requirement]:
        """What the next level needs and is not there; empty at the highest."""
        return [r for r in self.requirements if not r.met and r.level == self.level + 1]


def explain(facts: Facts) -> Explanation:
    """The level that is reached, and why not a higher one."""
    requirements = [Requirement(level, name, *check(facts)) for level, name, check in _CHECKS]
    levels = sorted({r.level for r in requirements})
    missed = [r.level for r in requirements if not r.met]
    reached = min(missed) - 1 if missed else levels[-1]
    return Explanation(reached, _claimed(facts.predicate), requirements)


def _claimed(predicate: Mapping[str, Any] | None) -> int | None:
    value = _at(predicate, "buildDefinition", "internalParameters", "slsaBuildLevel")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _at(body: object, *path: str) -> Any:
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _exists(facts: Facts) -> tuple[bool, str]:
    there = facts.predicate is not None
    return there, "signed by a pinned key" if there else "no pinned key signed one"


def _complete(facts: Facts) -> tuple[bool, str]:
    needed = {
        "buildDefinition.buildType": _at(facts.predicate, "buildDefinition", "buildType"),
        "buildDefinition.externalParameters": _at(
            facts.predicate, "buildDefinition", "externalParameters"
        ),
        "runDetails.builder.id": _at(facts.predicate, "runDetails", "builder", "id"),
    }
    missing = [path for path, value in needed.items() if not value]
    if missing:
        return False, f"it lacks {', '.join(missing)}"
    return True, f"built by {needed['runDetails.builder.id']}"


def _source(facts: Facts) -> tuple[bool, str]:
    materials = _at(facts.predicate, "buildDefinition", "resolvedDependencies") or []
    commits = [_at(one, "digest", "gitCommit") for one in materials if isinstance(one, Mapping)]
    found = [str(commit) for commit in commits if commit]
    return bool(found), f"commit {found[0]}" if found else "it names no commit of the source"


def _authentic(facts: Facts) -> tuple[bool, str]:
    if facts.predicate is None:
        return False, "there is nothing to be authentic"
    where = "and logged" if facts.logged else "but in no transparency log"
    return facts.logged, f"signed by the instance's key, {where}"


def _hosted(facts: Facts) -> tuple[bool, str]:
    builder = _at(facts.predicate, "runDetails", "builder", "id")
    if builder == BUILDER_ID:
        return False, (
            "the builder is a process on the machine of those who use it: build on a service that "
            "they do not administer"
        )
    return False, f"nothing here proves that {builder or 'the builder'} is a hosted service"


def _isolated(facts: Facts) -> tuple[bool, str]:
    return False, (
        "the sandbox of a build makes it unlikely that one build influences another, and does not "
        "prove it: give each build a machine of its own"
    )


def _unforgeable(facts: Facts) -> tuple[bool, str]:
    return False, (
        "the signing key lies on the machine that runs the builds: keep it in a key service "
        "(awskms:// or hashivault://) that builds cannot reach"
    )


_CHECKS: tuple[tuple[int, str, Callable[[Facts], tuple[bool, str]]], ...] = (
    (1, "provenance exists", _exists),
    (1, "provenance is complete", _complete),
    (1, "the source is named", _source),
    (2, "provenance is authentic", _authentic),
    (2, "builds are hosted", _hosted),
    (3, "builds are isolated", _isolated),
    (3, "provenance is unforgeable", _unforgeable),
)
