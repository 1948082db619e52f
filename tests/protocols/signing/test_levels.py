from __future__ import annotations

from typing import Any

import pytest

from idp.protocols.signing.levels import BUILDER_ID, Facts, explain

PREDICATE: dict[str, Any] = {
    "buildDefinition": {
        "buildType": "https://example.com/build/v1",
        "externalParameters": {"repository": "x"},
        "internalParameters": {"slsaBuildLevel": 1},
        "resolvedDependencies": [{"digest": {"gitCommit": "ab" * 20}}],
    },
    "runDetails": {"builder": {"id": BUILDER_ID}},
}


def without(*path: str) -> dict[str, Any]:
    def copy(body: Any, rest: tuple[str, ...]) -> Any:
        if not rest:
            return None
        return {**body, rest[0]: copy(body[rest[0]], rest[1:])}

    return dict(copy(PREDICATE, path))


@pytest.mark.parametrize(
    ("predicate", "level", "missing"),
    [
        (None, 0, {"provenance exists", "provenance is complete", "the source is named"}),
        (PREDICATE, 1, {"builds are hosted"}),
        (without("buildDefinition", "buildType"), 0, {"provenance is complete"}),
        (without("runDetails", "builder", "id"), 0, {"provenance is complete"}),
        (without("buildDefinition", "resolvedDependencies"), 0, {"the source is named"}),
    ],
)
def test_a_level_is_what_its_facts_reach(
    predicate: dict[str, Any] | None, level: int, missing: set[str]
) -> None:
    explained = explain(Facts(predicate, logged=True))
    assert explained.level == level
    assert {requirement.name for requirement in explained.next} == missing


def test_without_a_log_it_is_not_authentic() -> None:
    names = {requirement.name for requirement in explain(Facts(PREDICATE, logged=False)).next}
    assert names == {"provenance is authentic", "builds are hosted"}


def test_a_claim_lifts_nothing() -> None:
    boast = {**PREDICATE}
    boast["buildDefinition"] = {
        **PREDICATE["buildDefinition"],
        "internalParameters": {"slsaBuildLevel": 3},
    }
    explained = explain(Facts(boast, logged=True))
    assert (explained.level, explained.claimed) == (1, 3)
