"""SLSA provenance v1: how an image was built. Pure.

https://slsa.dev/spec/v1.0/provenance

What is claimed is SLSA Build level 1: the provenance exists, is complete and is signed by the
platform. Level 2 asks for a build service that its users do not administer, which one machine is
not; level 3 for builds that cannot reach the signing key, which a sandbox on the same machine
makes likely and does not prove.
"""

from __future__ import annotations

from typing import Any

from idp.capabilities.promotion.kinds import PipelineStep
from idp.capabilities.signing.builds import BuildOutputs
from idp.kernel.clock import timestamp
from idp.protocols.signing.levels import BUILDER_ID

BUILD_TYPE = "https://platform.idp/build-types/source-to-image/v1"
BUILD_LEVEL = 1


def provenance(build: PipelineStep, outputs: BuildOutputs, source: str, version: str) -> Any:
    """The predicate; the same build, the same predicate.

    Args:
        build: The finished step.
        outputs: What it says it did.
        source: Address of the source's Git repository.
        version: Of the platform.
    """
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"repository": source, "revision": outputs.commit},
            "internalParameters": {"slsaBuildLevel": BUILD_LEVEL},
            "resolvedDependencies": _dependencies(outputs, source),
        },
        "runDetails": {
            "builder": {"id": BUILDER_ID, "version": {**outputs.builder, "idp": version}},
            "metadata": _metadata(build),
        },
    }


def _dependencies(outputs: BuildOutputs, source: str) -> list[dict[str, Any]]:
    """Resource descriptors of in-toto: the source, its lock file, and what was installed."""
    commit = {"uri": f"git+{source}@{outputs.commit}", "digest": {"gitCommit": outputs.commit}}
    materials = [material.model_dump(exclude_defaults=True) for material in outputs.materials]
    return [commit, *materials]


def _metadata(build: PipelineStep) -> dict[str, str]:
    metadata = {"invocationId": build.metadata.uid}
    status = build.status
    if status is not None and status.started_at is not None:
        metadata["startedOn"] = timestamp(status.started_at)
    if status is not None and status.finished_at is not None:
        metadata["finishedOn"] = timestamp(status.finished_at)
    return metadata
