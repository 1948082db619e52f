"""Audits an environment's transparency log: is it whole, and did it tell everybody the same?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from idp.apps.cli.connection import Platform
from idp.apps.cli.proof import registry_of, trust_of
from idp.apps.platform.audit import open_history
from idp.apps.platform.layout import Layout
from idp.apps.proof import subjects_of
from idp.capabilities.promotion.kinds import Release
from idp.capabilities.signing.decide import contradictions
from idp.capabilities.signing.log import LogEntry, read_log
from idp.kernel.clock import timestamp
from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.attestations import statements
from idp.protocols.signing.transparency.entry import summary
from idp.protocols.signing.transparency.merkle import MerkleTree, TreeHead, leaf_hash


def entry_rows(layout: Layout, environment: str, lines: int) -> list[dict[str, Any]]:
    """The newest entries, oldest first."""
    return [_row(entry) for entry in read_log(open_history(layout, environment))[-lines:]]


def _row(entry: LogEntry) -> dict[str, Any]:
    return {
        "entry": entry.place,
        "time": timestamp(datetime.fromtimestamp(entry.seconds, UTC)),
        **summary(entry.entry),
    }


async def audit_log(platform: Platform, environment: str) -> dict[str, Any]:
    """Read the log, then compare it with every attestation that carries its word.

    Returns:
        `log` (`holds` or `broken`), `entries`, `attestations` compared, `root`, `reason`.
    """
    try:
        entries = read_log(open_history(platform.layout, environment))
    except VerificationFailed as error:
        return {"environment": environment, "log": "broken", "reason": error.message}
    tree = MerkleTree(leaf_hash(entry.entry) for entry in entries)
    seen = await _checkpoints(platform, environment)
    wrong = contradictions(tree, seen)
    return {
        "environment": environment,
        "log": "broken" if wrong else "holds",
        "entries": len(tree),
        "attestations": len(seen),
        "root": tree.root(len(tree)).hex(),
        "reason": "; ".join(f"{place} {how}" for place, how in wrong.items()),
    }


async def _checkpoints(platform: Platform, environment: str) -> dict[str, TreeHead]:
    """Attestation -> the state of the log that it proves, over all releases there are."""
    trust = await trust_of(platform, environment).anchors_of(environment)
    found: dict[str, TreeHead] = {}
    releases = (await platform.instance(environment).list(Release.type())).items
    subjects = {(s.repository, s.digest) for release in releases for s in subjects_of(release)}
    async with registry_of(platform) as registry:
        for repository, digest in sorted(subjects):
            for statement in (await statements(registry, repository, digest, trust)).verified:
                if statement.logged is not None:
                    found[f"{repository}@{statement.digest}"] = statement.logged.checkpoint.head
    return found
