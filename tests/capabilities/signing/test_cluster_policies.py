from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.capabilities.signing.cluster_policies import ClusterTrust, cluster_policies
from idp.capabilities.signing.kinds import TrustPolicySpec
from idp.kernel.errors import Invalid
from support.golden import check_golden

IMAGE = "127.0.0.1:8600/demo/hello@sha256:" + "ab" * 32
PEM = "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n"
KEYS = {"development": PEM.format("development"), "staging": PEM.format("staging")}
SPEC: dict[str, Any] = {
    "keys": [{"name": "security", "publicKey": PEM.format("security")}],
    "identities": [
        {"name": "maya", "issuer": "https://login.example.com", "subject": "maya@*.example.com"}
    ],
    "groups": [{"name": "people", "members": ["security", "maya"]}],
    "rules": [
        {"evidence": "image-signature", "threshold": 2, "signers": ["people"]},
        {"evidence": "scan", "signers": ["people"]},
        {"evidence": "verified", "signers": ["staging"]},
    ],
}


def trust(spec: dict[str, Any]) -> ClusterTrust:
    return ClusterTrust(
        "development",
        KEYS,
        TrustPolicySpec.model_validate(spec),
        [IMAGE],
        "127.0.0.1:8600",
        ["-----BEGIN CERTIFICATE-----\nca\n-----END CERTIFICATE-----\n"],
        "http://127.0.0.1:8600/signing",
    )


def test_the_objects_of_a_policy() -> None:
    objects = cluster_policies(trust(SPEC))
    text = yaml.safe_dump_all(objects, sort_keys=False)
    check_golden(Path(__file__).parent / "golden" / "cluster-policies.yaml", text)


def test_two_of_three_is_refused_by_name() -> None:
    rule = {"evidence": "sbom", "threshold": 2, "signers": ["people", "staging"]}
    with pytest.raises(Invalid, match="cannot demand 2 of 3 signers of sbom"):
        cluster_policies(trust({**SPEC, "rules": [rule]}))


def test_an_unknown_signer_is_named() -> None:
    rule = {"evidence": "sbom", "signers": ["nobody"]}
    with pytest.raises(Invalid, match="of nobody"):
        cluster_policies(trust({**SPEC, "rules": [rule]}))
