from __future__ import annotations

from typing import Any

import orjson
import pytest

from idp.kernel.errors import VerificationFailed
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST, Registry
from idp.protocols.signing.attestations import attach, statements
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import VSA
from idp.protocols.signing.summary import read_summary, summary_predicate

REPOSITORY = "demo/hello"
DIGEST, OTHER, POLICY, INPUT = (f"sha256:{n:064x}" for n in (1, 2, 3, 4))
TIME = "2026-11-25T10:00:00Z"


def predicate(**changes: Any) -> dict[str, Any]:
    image = f"127.0.0.1:8600/{REPOSITORY}@{DIGEST}"
    return {**summary_predicate("staging", image, TIME, POLICY, [INPUT], 1), **changes}


def test_it_is_the_form_of_the_specification() -> None:
    assert predicate() == {
        "verifier": {"id": "https://platform.idp/environments/staging"},
        "timeVerified": TIME,
        "resourceUri": f"oci://127.0.0.1:8600/demo/hello@{DIGEST}",
        "policy": {
            "uri": "https://platform.idp/environments/staging/policy",
            "digest": {"sha256": POLICY.partition(":")[2]},
        },
        "inputAttestations": [
            {
                "uri": f"oci://127.0.0.1:8600/demo/hello@{INPUT}",
                "digest": {"sha256": INPUT.partition(":")[2]},
            }
        ],
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_1"],
        "slsaVersion": "1.0",
    }


def test_it_is_read_as_it_was_written() -> None:
    found = read_summary(predicate(), "staging", REPOSITORY, DIGEST)
    assert (found.environment, found.policy, found.inputs) == ("staging", POLICY, [INPUT])
    assert found.levels == ["SLSA_BUILD_LEVEL_1"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("production", REPOSITORY, DIGEST), "production signed a summary in the name of"),
        (("staging", REPOSITORY, OTHER), "not about demo/hello@"),
        (("staging", "demo/other", DIGEST), "not about demo/other@"),
    ],
)
def test_a_replay_is_refused(asked: tuple[str, str, str], said: str) -> None:
    with pytest.raises(VerificationFailed, match=said):
        read_summary(predicate(), *asked)


@pytest.mark.parametrize(
    "changes",
    [
        {"verifier": {}},
        {"verifier": "staging"},
        {"resourceUri": None},
        {"verificationResult": "FAILED"},
        {"verificationResult": None},
        {"timeVerified": "yesterday"},
        {"timeVerified": "2026-11-25T10:00:00"},
        {"timeVerified": 7},
        {"policy": {}},
        {"policy": {"digest": {"sha256": "x"}}},
        {"inputAttestations": {"a": 1}},
        {"inputAttestations": [{"uri": "x"}]},
        {"verifiedLevels": []},
        {"verifiedLevels": ["SLSA_BUILD_LEVEL_1"] * 21},
        {"verifiedLevels": [3]},
        {"verifiedLevels": ["all of them"]},
    ],
    ids=str,
)
def test_what_is_not_whole_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(VerificationFailed):
        read_summary(predicate(**changes), "staging", REPOSITORY, DIGEST)


async def test_a_bundle_that_is_copied_to_another_image_is_refused(
    registry: Registry, image: str, staging: PrivateKey, trusted: dict[str, str]
) -> None:
    """Whoever may attest to a repository can store a genuine summary beside another image."""
    said = summary_predicate("staging", f"r/{REPOSITORY}@{image}", TIME, POLICY, [], 3)
    attached = await attach(registry, REPOSITORY, image, VSA, said, staging)
    config = await registry.push_blob(REPOSITORY, b"other", IMAGE_CONFIG)
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config.as_json(),
        "layers": [],
    }
    other = await registry.push_manifest(REPOSITORY, body)
    stored = orjson.loads((await registry.manifest(REPOSITORY, attached.digest)).body)
    stored["subject"] = {**stored["subject"], "digest": other.digest, "size": other.size}
    await registry.push_manifest(REPOSITORY, stored)
    found = await statements(registry, REPOSITORY, other.digest, trusted)
    assert not found.verified
    (rejected,) = found.rejected
    assert "not about" in rejected.reason
