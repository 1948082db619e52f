"""Is an application what was promoted? Ledger, Git and running, compared field by field. Pure.

Rules:

1. What was promoted is the content of the commit that the ledger's last success names.
2. A field that Git states otherwise than that commit is a difference of Git's.
3. A field that Git states, and that is live with another value, is one of what runs. Fields that
   Git does not state belong to defaults and to other controllers.
4. The image that the ready replicas run is compared by digest; while none is ready, nothing is
   known, and that is ill health, not drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from idp.capabilities.environments.kinds import DriftRule
from idp.capabilities.promotion.kinds import Difference
from idp.kernel.resource import Manifest

RUNNING_IMAGE = "running image"
LIMIT = 100
_SHOWN = 200
_STATED = ("spec", "metadata.labels", "metadata.annotations")

Documents = Mapping[str, Manifest]
"""Objects by kind."""


def compare(
    promoted: Documents, git: Documents, live: Documents, running_image: str, rule: DriftRule
) -> list[Difference]:
    """Apply the rules.

    Args:
        promoted: As they were promoted last.
        git: As Git has them now.
        live: As the API has them.
        running_image: That all ready replicas run; empty when nobody knows.
        rule: What is done about it.
    """
    was, states, lives = _fields(promoted), _fields(git), _fields(live)
    found = [
        _difference(name, was, states, lives, "git", rule)
        for name in sorted({*was, *states})
        if was.get(name) != states.get(name)  # Rule 2
    ]
    found += [
        _difference(name, was, states, lives, "running", rule)
        for name in sorted(states)
        if lives.get(name) != states[name]  # Rule 3
    ]
    wanted = states.get("WebApplication spec.image", "")
    if running_image and wanted and _digest(running_image) != _digest(wanted):  # Rule 4
        image = {RUNNING_IMAGE: wanted}
        promoted_image = {RUNNING_IMAGE: was.get("WebApplication spec.image", "")}
        runs = {RUNNING_IMAGE: running_image}
        found.append(_difference(RUNNING_IMAGE, promoted_image, image, runs, "running", rule))
    return found[:LIMIT]


def words(differences: Iterable[Difference]) -> str:
    """One sentence."""
    found = list(differences)
    if not found:
        return "what was promoted, what Git says and what runs are the same"
    shown = "; ".join(
        f"{d.field}: {'Git' if d.between == 'git' else 'what runs'} differs" for d in found[:3]
    )
    return shown + (f"; and {len(found) - 3} more" if len(found) > 3 else "")


def _difference(
    name: str,
    was: Mapping[str, str],
    states: Mapping[str, str],
    lives: Mapping[str, str],
    between: Any,
    rule: DriftRule,
) -> Difference:
    return Difference(
        field=name,
        ledger=was.get(name, "")[:_SHOWN],
        git=states.get(name, "")[:_SHOWN],
        running=lives.get(name, "")[:_SHOWN],
        between=between,
        action=getattr(rule, between),
    )


def _fields(documents: Documents) -> dict[str, str]:
    """`Kind path` -> value, of what Git can state."""
    return {
        f"{kind} {path}": value
        for kind, document in documents.items()
        for path, value in _leaves("", document)
        if path.startswith(_STATED)
    }


def _leaves(path: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(f"{path}.{name}" if path else str(name), item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _leaves(f"{path}[{place}]", item)
    else:
        yield path, str(value)


def _digest(image: str) -> str:
    return image.rpartition("@")[2]
