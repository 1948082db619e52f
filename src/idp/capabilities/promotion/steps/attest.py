"""`attest`: signs that this environment verified the release; the next one waits for it.

Of the image it says the same in SLSA's own form, a verification summary, for verifiers that know
the platform's keys and not its statements. It also tags the
image (`staging-r12-3fa9c1d`), for people who look into the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.capabilities.promotion.kinds import ObjectName
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.kernel.access import environment_tag
from idp.kernel.capability import Signer
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, succeeded
from idp.protocols.oci.ports import Registry
from idp.protocols.signing.attestations import attach
from idp.protocols.signing.predicates import VERIFIED, VSA
from idp.protocols.signing.summary import summary_predicate


class AttestParameters(Model):
    """What is attested.

    Attributes:
        release: Name of the Release.
        admit: Name of the `admit` step's object.
        verdict: Name of the `verdict` step's object.
        approval: Name of the `approval` step's object.
        gates: Name of the `gates` step's object.
        confirm: Name of the `confirm` step's object.
        verify: Name of the `verify` step's object.
        performance: Name of the `performance` step's object.
    """

    release: ObjectName
    admit: ObjectName
    verdict: ObjectName
    approval: ObjectName
    gates: ObjectName
    confirm: ObjectName
    verify: ObjectName
    performance: ObjectName


class AttestStep:
    """Attaches a statement to the release and tags its image; again, it makes the same."""

    uses = "attest"
    parameters = AttestParameters

    def __init__(
        self, reader: PipelineReader, registry: Registry, signer: Signer, *, environment: str
    ) -> None:
        self._reader = reader
        self._registry = registry
        self._signer = signer
        self._environment = environment

    async def perform(self, run: StepRun, parameters: AttestParameters) -> Outcome:
        """Sign what the earlier steps found."""
        promotion = await self._reader.promotion(run)
        spec = (await self._reader.release(run, parameters.release)).spec
        admitted = await self._reader.outputs(run, parameters.admit, "admit")
        verdict = await self._reader.outputs(run, parameters.verdict, "verdict")
        approval = await self._reader.outputs(run, parameters.approval, "approval")
        gates = await self._reader.outputs(run, parameters.gates, "gates")
        await self._reader.outputs(run, parameters.performance, "performance")
        confirm = await self._reader.outputs(run, parameters.confirm, "confirm")
        verify = await self._reader.outputs(run, parameters.verify, "verify")
        for outputs in (admitted, verdict, approval, gates, confirm):
            if outputs.get("releaseDigest") != spec.digest:
                raise UnprovenStep("an earlier step was about another release")
        checks: list[dict[str, Any]] = [
            {
                "name": "verdict",
                "decision": verdict["decision"],
                "obligations": verdict["obligations"],
                "evidence": verdict["evidenceDigest"],
                "policy": verdict["policyVersion"],
            },
            {
                "name": "approval",
                "approvers": approval["approvers"],
                "accepted": approval["accepted"],
            },
            {
                "name": "gates",
                "states": {gate["name"]: gate["state"] for gate in gates["gates"]},
                "override": gates["override"],
                "hotfix": promotion.spec.hotfix,
            },
            {"name": "confirm", "digest": confirm["digest"]},
            {"name": "verify", "url": verify["url"]},
        ]
        # The step's start is in its status, so a repeated call signs the very same bytes.
        time = run.manifest["status"]["startedAt"]
        predicate = {
            "environment": self._environment,
            "release": f"{spec.application} {spec.version}",
            "releaseDigest": spec.digest,
            "image": spec.image,
            "promotion": promotion.metadata.uid,
            "time": time,
            "checks": checks,
        }
        image = spec.image.rpartition("@")[2]
        summary = summary_predicate(
            self._environment,
            spec.image,
            time,
            verdict["policyVersion"],
            _attestations(admitted),
            admitted["buildLevel"],
        )
        # Before the statement for which the next environment waits: what was verified has both.
        summarised = await attach(
            self._registry, spec.repository, image, VSA, summary, self._signer
        )
        attached = await attach(
            self._registry, spec.repository, spec.digest, VERIFIED, predicate, self._signer
        )
        tag = environment_tag(self._environment, spec.version)
        await self._registry.tag(spec.repository, image, tag)
        return succeeded(
            f"signed that {self._environment} verified {spec.version}, and tagged its image {tag}",
            statement=attached.digest,
            summary=summarised.digest,
            tag=tag,
        )


def _attestations(admitted: Mapping[str, Any]) -> list[str]:
    """Digests of the attestations that `admit` looked at; bare signatures are none."""
    bare = ("release-signature", "image-signature")
    found = (item["digest"] for item in admitted["evidence"] if item["kind"] not in bare)
    return list(dict.fromkeys(found))
