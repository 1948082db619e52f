"""Which SLSA level an image reaches, read from the registry."""

from __future__ import annotations

from typing import Any

from idp.apps.cli.connection import connect
from idp.apps.cli.proof import find_release, origin_of, registry_of, trust_of
from idp.apps.platform.layout import Layout
from idp.apps.proof import subjects_of
from idp.protocols.signing.attestations import statements
from idp.protocols.signing.levels import Facts, explain
from idp.protocols.signing.predicates import SLSA_PROVENANCE


async def explained(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    version: str | None,
) -> list[dict[str, Any]]:
    """One row for each requirement; the best of several provenances counts."""
    async with connect(layout, user) as platform, registry_of(platform) as registry:
        release = await find_release(platform, environment, namespace, name, version)
        _, image = subjects_of(release)
        trust = await trust_of(platform, environment).anchors_of(origin_of(platform))
        found = await statements(
            registry, image.repository, image.digest, trust, predicate_type=SLSA_PROVENANCE
        )
    facts = [Facts(one.predicate, one.logged is not None) for one in found.verified]
    best = max((explain(one) for one in facts or [Facts(None, False)]), key=lambda e: e.level)
    return [
        {
            "level": requirement.level,
            "requirement": requirement.name,
            "met": "yes" if requirement.met else "no",
            "why": requirement.why,
            "reached": best.level,
            "claimed": best.claimed,
        }
        for requirement in best.requirements
    ]
