from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.promotion.artifact import publish
from idp.capabilities.promotion.kinds import Release
from idp.capabilities.promotion.steps.attest import AttestStep
from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.kernel.clock import parse_timestamp
from idp.protocols.oci.ports import EMPTY_JSON, IMAGE_MANIFEST
from idp.protocols.signing.attestations import statements
from idp.protocols.signing.predicates import VERIFIED, VSA
from idp.protocols.signing.summary import read_summary
from support.keys import logged_key

KEY = logged_key("uat")
POLICY, PROVENANCE, BEFORE = (f"sha256:{n:064x}" for n in (7, 8, 9))
STEPS = ("admit", "verdict", "approval", "gates", "confirm", "verify", "performance")


async def ready(bench: Any, **confirm: Any) -> str:
    empty = await bench.registry.push_blob("demo/hello", b"{}", EMPTY_JSON)
    image = await bench.registry.push_manifest(
        "demo/hello",
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": empty.as_json(),
            "layers": [empty.as_json()],
        },
    )
    image_reference = f"127.0.0.1:8600/demo/hello@{image.digest}"
    spec = bench.spec(image=image_reference)
    del spec["digest"]
    digest = await publish(bench.registry, spec, "demo/hello", spec["version"], bench.key)
    await bench.release(digest=digest, image=image_reference)
    await bench.promotion()
    about = {"releaseDigest": digest}
    verdict = {
        "decision": "Allow",
        "obligations": [],
        "evidenceDigest": "e",
        "policyVersion": POLICY,
    }
    evidence = [
        {"kind": "image-signature", "digest": image.digest, "signer": "development"},
        {"kind": "provenance", "digest": PROVENANCE, "signer": "development"},
        {"kind": "verified", "digest": BEFORE, "signer": "staging"},
    ]
    await bench.done("admit", **about, evidence=evidence, buildLevel=1)
    await bench.done("verdict", **about, **verdict)
    await bench.done("approval", **about, approvers=["grace"], accepted=[])
    gate = {"name": "soak", "state": "Overridden"}
    await bench.done("gates", **about, gates=[gate], override={"by": "joan"})
    await bench.done("performance", gates={})
    await bench.done("confirm", **{**about, "digest": "sha256:i", **confirm})
    await bench.done("verify", url="http://hello")
    return str(digest)


async def attest(bench: Any) -> Any:
    step = AttestStep(bench.reader, bench.registry, KEY, environment="uat")
    names = {uses: f"p-{uses}" for uses in STEPS}
    return await bench.perform(step, release="r1", **names)


async def test_states_what_was_checked_in_this_environments_name(bench: Any) -> None:
    digest = await ready(bench)
    outcome = await attest(bench)
    keys = {"uat": KEY.public_key}
    found = await statements(bench.registry, "demo/hello", digest, keys, predicate_type=VERIFIED)
    (statement,) = found.verified
    assert statement.digest == outcome.outputs["statement"]
    claim = statement.predicate
    assert (claim["environment"], claim["releaseDigest"]) == ("uat", digest)
    assert claim["time"] == "2026-11-24T10:00:00Z"
    assert [c["name"] for c in claim["checks"]] == [
        *("verdict", "approval", "gates", "confirm", "verify")
    ]
    assert claim["checks"][2] == {
        "name": "gates",
        "states": {"soak": "Overridden"},
        "override": {"by": "joan"},
        "hotfix": False,
    }


async def summary(bench: Any) -> tuple[Any, str]:
    """The one statement about the image, and the image's digest."""
    release = await bench.client.get(Release.type(), "r1", "demo")
    image = release["spec"]["image"].rpartition("@")[2]
    keys = {"uat": KEY.public_key}
    found = await statements(bench.registry, "demo/hello", image, keys, must_be_logged=True)
    (statement,) = found.verified
    assert statement.predicate_type == VSA
    return statement, image


async def test_summarises_the_image_in_the_form_of_slsa(bench: Any) -> None:
    await ready(bench)
    outcome = await attest(bench)
    statement, image = await summary(bench)
    assert statement.digest == outcome.outputs["summary"]
    found = read_summary(statement.predicate, statement.signer, "demo/hello", image)
    assert (found.environment, found.policy, found.levels) == (
        "uat",
        POLICY,
        ["SLSA_BUILD_LEVEL_1"],
    )
    assert found.inputs == [PROVENANCE, BEFORE]
    assert found.resource == f"oci://127.0.0.1:8600/demo/hello@{image}"
    assert found.time == parse_timestamp("2026-11-24T10:00:00Z")


async def test_called_again_it_states_the_same(bench: Any) -> None:
    digest = await ready(bench)
    assert (await attest(bench)).outputs == (await attest(bench)).outputs
    keys = {"uat": KEY.public_key}
    found = await statements(bench.registry, "demo/hello", digest, keys, predicate_type=VERIFIED)
    assert len(found.verified) == 1
    await summary(bench)


async def test_tags_the_image_as_this_environments(bench: Any) -> None:
    await ready(bench)
    outcome = await attest(bench)
    tag = outcome.outputs["tag"]
    assert tag == f"uat-{bench.spec()['version']}"
    release = await bench.client.get(Release.type(), "r1", "demo")
    found = await bench.registry.manifest("demo/hello", tag)
    assert release["spec"]["image"].endswith(found.digest)


async def test_what_was_admitted_as_another_release_is_not_attested(bench: Any) -> None:
    await ready(bench)
    await bench.done("admit", "other", releaseDigest="sha256:other", evidence=[], buildLevel=1)
    await bench.promotion("other")
    names = {uses: f"p-{uses}" for uses in STEPS} | {"admit": "other-admit"}
    step = AttestStep(bench.reader, bench.registry, KEY, environment="uat")
    with pytest.raises(UnprovenStep):
        await bench.perform(step, release="r1", **names)


async def test_what_was_confirmed_of_another_release_is_not_attested(bench: Any) -> None:
    await ready(bench, releaseDigest="sha256:other")
    with pytest.raises(UnprovenStep, match="about another release"):
        await attest(bench)
