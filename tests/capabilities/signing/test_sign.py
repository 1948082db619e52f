from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.promotion.kinds import PipelineStep
from idp.capabilities.signing.steps.sign import SignParameters, SignStep
from idp.kernel.errors import Invalid, NotFound
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest
from idp.kernel.step import StepRun
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST
from idp.protocols.signing.attestations import statements
from idp.protocols.signing.cosign import verify_digest
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import SLSA_PROVENANCE

COMMIT = "3fa9c1d" + "0" * 33
MATERIALS = [
    {"uri": "git+demo/hello#uv.lock", "name": "uv.lock", "digest": {"sha256": "cd" * 32}},
    {"uri": "pkg:pypi/flask@3.0.0", "digest": {"sha256": "ab" * 32}},
    {"uri": "pkg:pypi/jinja2@3.1.6"},
]
RUN_METADATA = {"name": "push-1-sign", "namespace": "demo", "uid": "u2"}


class Setting:
    """An image, the build that made it, and the step that signs it."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.registry = MemoryRegistry()
        self.key = PrivateKey.generate()
        self.step = SignStep(
            client=self.client,
            registry=self.registry,
            signer=self.key,
            git="http://127.0.0.1:8600",
        )
        self.digest = ""

    async def build(self, *, uses: str = "build", phase: str = "Succeeded", **changes: Any) -> None:
        config = await self.registry.push_blob("demo/hello", b"{}", IMAGE_CONFIG)
        image = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": config.as_json(),
            "layers": [],
        }
        self.digest = (await self.registry.push_manifest("demo/hello", image)).digest
        outputs = {
            "repository": "demo/hello",
            "digest": self.digest,
            "image": f"127.0.0.1:8600/demo/hello@{self.digest}",
            "commit": COMMIT,
            "source": "demo/hello-source",
            "builder": {"uv": "0.13.9"},
            "materials": MATERIALS,
            **changes,
        }
        manifest: Manifest = {
            "apiVersion": "platform.idp/v1alpha1",
            "kind": "PipelineStep",
            "metadata": {"name": "push-1-build", "namespace": "demo"},
            "spec": {"uses": uses},
            "status": {
                "phase": phase,
                "outputs": outputs,
                "startedAt": "2026-11-24T10:00:00Z",
                "finishedAt": "2026-11-24T10:00:09Z",
            },
        }
        created = await self.client.create(PipelineStep.type(), manifest)
        await self.client.update(
            PipelineStep.type(), {**created, "status": manifest["status"]}, subresource="status"
        )

    async def sign(self) -> dict[str, Any]:
        async def report(_: str) -> None:
            return None

        run = StepRun({"metadata": RUN_METADATA}, "demo", "push-1-sign", "u2", report)
        outcome = await self.step.perform(run, SignParameters(build="push-1-build"))
        assert outcome.phase == "Succeeded"
        return outcome.outputs


@pytest.fixture
def setting() -> Setting:
    return Setting()


async def test_the_image_is_signed(setting: Setting) -> None:
    await setting.build()
    await setting.sign()
    keys = {"development": setting.key.public_key}
    assert await verify_digest(setting.registry, "demo/hello", setting.digest, keys) == (
        "development"
    )


async def test_the_provenance_says_what_went_in(setting: Setting) -> None:
    await setting.build()
    outputs = await setting.sign()
    found = await statements(
        setting.registry,
        "demo/hello",
        setting.digest,
        {"development": setting.key.public_key},
        predicate_type=SLSA_PROVENANCE,
    )
    (statement,) = found.verified
    assert statement.digest == outputs["provenance"]
    definition, run = statement.predicate["buildDefinition"], statement.predicate["runDetails"]
    source = "http://127.0.0.1:8600/git/demo/hello-source.git"
    assert definition["externalParameters"] == {"repository": source, "revision": COMMIT}
    assert definition["internalParameters"] == {"slsaBuildLevel": 1}
    assert definition["resolvedDependencies"] == [
        {"uri": f"git+{source}@{COMMIT}", "digest": {"gitCommit": COMMIT}},
        *MATERIALS,
    ]
    assert run["builder"]["id"] == "https://platform.idp/builders/single-machine/v1"
    assert run["builder"]["version"]["uv"] == "0.13.9"
    assert run["metadata"]["startedOn"] == "2026-11-24T10:00:00Z"
    assert run["metadata"]["finishedOn"] == "2026-11-24T10:00:09Z"
    assert run["metadata"]["invocationId"]


async def test_signing_again_changes_nothing(setting: Setting) -> None:
    await setting.build()
    first = await setting.sign()
    referrers = await setting.registry.referrers("demo/hello", setting.digest)
    assert await setting.sign() == first
    assert await setting.registry.referrers("demo/hello", setting.digest) == referrers


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phase": "Failed"}, "not a successful build"),
        ({"phase": "Running"}, "not a successful build"),
        ({"uses": "scan"}, "not a successful build"),
        ({"repository": "other/hello"}, "does not belong to demo"),
        ({"repository": "demo"}, "not those of a build"),
        ({"digest": "latest"}, "not those of a build"),
        ({"commit": "main"}, "not those of a build"),
        ({"materials": [{"name": "x"}]}, "not those of a build"),
    ],
)
async def test_only_a_whole_successful_build_is_signed(
    setting: Setting, changes: dict[str, Any], message: str
) -> None:
    await setting.build(**changes)
    with pytest.raises(Invalid, match=message):
        await setting.sign()
    assert await setting.registry.referrers("demo/hello", setting.digest) == []


async def test_a_build_that_is_not_there_is_named(setting: Setting) -> None:
    with pytest.raises(NotFound, match="push-1-build"):
        await setting.sign()
