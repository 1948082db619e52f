"""`verdict`: judges the evidence by the rules of this environment (see `decide/builtin.py`)."""

from __future__ import annotations

import asyncio
from typing import Any

from idp.capabilities.promotion.decide import builtin, rego
from idp.capabilities.promotion.decide.evidence import Evidence, EvidenceItem, read_reports
from idp.capabilities.promotion.decide.verdict import Case, Verdict, as_output
from idp.capabilities.promotion.kinds import ObjectName
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, failed, succeeded
from idp.protocols.rego import evaluate


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

    def __init__(self, reader: PipelineReader, clock: Clock = utc_now) -> None:
        self._reader = reader
        self._clock = clock

    async def perform(self, run: StepRun, parameters: VerdictParameters) -> Outcome:
        """Judge; the same evidence under the same rules at the same time has the same verdict."""
        release = await self._reader.release(run, parameters.release)
        admitted = await self._reader.outputs(run, parameters.admit, "admit")
        scanned = await self._reader.outputs(run, parameters.scan, "scan")
        if admitted.get("releaseDigest") != release.spec.digest:
            raise UnprovenStep(f"step {parameters.admit} admitted another release")
        _demand_same_image(scanned, release.spec.image, parameters.scan)
        rules = await self._reader.rules()
        case = Case(
            release.spec.application,
            Evidence(
                release.spec.digest,
                [EvidenceItem(**item) for item in admitted.get("evidence", [])],
                read_reports(admitted.get("scanners")),
                read_reports(scanned.get("scanners")),
            ),
            rules.profile,
            await self._reader.exemptions(run.namespace),
            self._clock(),
        )
        if rules.profile.decided_by == "rego":
            answer = await asyncio.to_thread(rego.verdict, case, evaluate)
        else:
            answer = builtin.verdict(case)
        return _outcome(case, answer, rules.policy_version)


def _outcome(case: Case, answer: Verdict, policy_version: str) -> Outcome:
    outputs: dict[str, Any] = {
        "decision": answer.decision,
        "releaseDigest": case.evidence.release_digest,
        "policyVersion": policy_version,
        "evidenceDigest": answer.evidence_digest,
        "decidedBy": case.profile.decided_by,
        "decidedAt": timestamp(case.now),
        "validUntil": timestamp(answer.valid_until) if answer.valid_until else "",
        "obligations": answer.subjects("track"),
        "mustAccept": answer.subjects("approve"),
        "exceptions": [{"name": e.name, "uid": e.uid} for e in answer.exemptions],
        "rules": as_output(answer.rules),
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
