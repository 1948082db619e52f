"""`verdict`: judges the evidence by the rules of this environment (see `decide/verdict.py`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from idp.capabilities.promotion.decide.verdict import (
    Evidence,
    EvidenceItem,
    read_reports,
    verdict,
)
from idp.capabilities.promotion.kinds import ObjectName
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, failed, succeeded


class VerdictParameters(Model):
    """What to judge.

    Attributes:
        release: Name of the Release.
        admit: Name of the `admit` step's object.
        scan: Name of the `scan` step's object.
    """

    release: ObjectName
    admit: ObjectName
    scan: ObjectName


class VerdictStep:
    """Reads what `admit` and `scan` put out and applies the rules in force."""

    uses = "verdict"
    parameters = VerdictParameters

    def __init__(self, reader: PipelineReader) -> None:
        self._reader = reader

    async def perform(self, run: StepRun, parameters: VerdictParameters) -> Outcome:
        """Judge; the same evidence under the same rules has the same verdict."""
        release = await self._reader.release(run, parameters.release)
        admitted = await self._reader.outputs(run, parameters.admit, "admit")
        scanned = await self._reader.outputs(run, parameters.scan, "scan")
        if admitted.get("releaseDigest") != release.spec.digest:
            raise UnprovenStep(f"step {parameters.admit} admitted another release")
        _demand_same_image(scanned, release.spec.image, parameters.scan)
        rules = await self._reader.rules()
        answer = verdict(
            Evidence(
                release.spec.digest,
                [EvidenceItem(**item) for item in admitted.get("evidence", [])],
                read_reports(admitted.get("scanners")),
                read_reports(scanned.get("scanners")),
            ),
            rules.evidence,
        )
        outputs: dict[str, Any] = {
            "decision": answer.decision,
            "releaseDigest": release.spec.digest,
            "policyVersion": rules.policy_version,
            "evidenceDigest": answer.evidence_digest,
            "obligations": answer.subjects("record"),
            "mustAccept": answer.subjects("accept"),
            "rules": [asdict(rule) for rule in answer.rules],
        }
        if answer.decision == "Deny":
            remedy = answer.change or "Remove what blocks, then start the promotion again."
            return failed(answer.message, reason="Denied", remedy=remedy, **outputs)
        return succeeded(answer.message, reason=answer.decision, **outputs)


def _demand_same_image(scanned: dict[str, Any], image: str, name: str) -> None:
    digest = image.rpartition("@")[2]
    if scanned.get("digest") != digest:
        raise UnprovenStep(
            f"step {name} scanned {scanned.get('digest') or 'something unnamed'}, not {digest}"
        )
