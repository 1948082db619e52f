"""`signing verify` and the portal judge by what admission judges by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.apps.platform.files import write_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.pins import instance_trust, pin
from idp.apps.proof import Subject, proofs, subjects_of
from idp.capabilities.signing.kinds import TrustPolicy
from idp.kernel.memory_client import MemoryClient
from idp.kernel.trust import PinnedKey
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST
from idp.protocols.signing.attestations import attach
from idp.protocols.signing.cosign import sign_digest
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.predicates import CYCLONEDX, SCAN, SLSA_PROVENANCE, VSA
from idp.protocols.signing.summary import summary_predicate
from support.keys import Stolen, logged_key

REPOSITORY = "demo/hello"


class Checked:
    """An image in a registry and an instance that has pinned keys."""

    def __init__(self, folder: Path) -> None:
        self.layout, self.client = Layout(folder), MemoryClient()
        self.registry = MemoryRegistry()
        self.image = ""

    async def lay_down(self, signer: Any) -> None:
        """Everything that admission demands of an image."""
        config = await self.registry.push_blob(REPOSITORY, b"{}", IMAGE_CONFIG)
        body = {"mediaType": IMAGE_MANIFEST, "config": config.as_json(), "layers": []}
        self.image = (await self.registry.push_manifest(REPOSITORY, body)).digest
        await sign_digest(self.registry, REPOSITORY, self.image, signer)
        for kind in (SLSA_PROVENANCE, CYCLONEDX, SCAN):
            await attach(self.registry, REPOSITORY, self.image, kind, {}, signer)

    def pin(self, *keys: PinnedKey, **authorities: Any) -> None:
        folders = self.layout.instance("uat")
        pin(folders.trusted_keys, "development", keys)
        write_json(folders.authorities, authorities)

    async def rows(self) -> list[dict[str, str]]:
        spec = {"repository": REPOSITORY, "digest": "", "image": f"r/{REPOSITORY}@{self.image}"}
        subject: Subject = subjects_of({"spec": spec})[1]
        trust = await instance_trust(self.layout, "uat", self.client).anchors()
        return await proofs(self.registry, subject, trust, "development")

    async def missing(self) -> set[str]:
        return {row["proof"] for row in await self.rows() if row["result"] == "missing"}


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    return Checked(tmp_path)


async def test_what_a_clock_proves_to_be_older_than_a_theft_holds(checked: Checked) -> None:
    stolen = Stolen("development")
    await checked.lay_down(stolen.signer)
    checked.pin(*stolen.pins)
    assert await checked.missing() == {"signature", "provenance", "bill of materials", "scan"}
    checked.pin(*stolen.pins, **stolen.authorities)
    assert await checked.missing() == set()


async def test_signers_of_the_policy_are_named_and_replace_nobody(checked: Checked) -> None:
    development, security = logged_key("development"), logged_key("security")
    await checked.lay_down(security)
    checked.pin(PinnedKey(development.public_key))
    spec = {"keys": [{"name": "security", "publicKey": security.public_key}]}
    await checked.client.create(TrustPolicy.type(), {"metadata": {"name": "default"}, "spec": spec})
    holds = {(r["proof"], r["signer"]) for r in await checked.rows() if r["result"] == "holds"}
    assert holds >= {("signature", "security"), ("scan", "security")}
    assert await checked.missing() == {"signature", "provenance", "bill of materials", "scan"}
    await sign_digest(checked.registry, REPOSITORY, checked.image, development)
    assert "signature" not in await checked.missing()


@pytest.mark.parametrize(
    ("signer", "claimed", "repository", "result"),
    [
        ("staging", "staging", REPOSITORY, "holds"),
        ("staging", "production", REPOSITORY, "does not count"),
        ("staging", "staging", "demo/other", "does not count"),
    ],
)
async def test_a_replayed_summary_does_not_count(
    checked: Checked, signer: str, claimed: str, repository: str, result: str
) -> None:
    development, staging = logged_key("development"), logged_key(signer)
    await checked.lay_down(development)
    checked.pin(PinnedKey(development.public_key))
    pin(checked.layout.instance("uat").trusted_keys, signer, [PinnedKey(staging.public_key)])
    said = summary_predicate(
        claimed,
        f"127.0.0.1:8600/{repository}@{checked.image}",
        "2026-11-25T10:00:00Z",
        f"sha256:{7:064x}",
        [],
        1,
    )
    await attach(checked.registry, REPOSITORY, checked.image, VSA, said, staging)
    (row,) = [row for row in await checked.rows() if row["proof"] == "verification summary"]
    assert (row["result"], bool(row["reason"])) == (result, result != "holds")


async def test_what_is_in_no_log_is_not_what_admission_demands(checked: Checked) -> None:
    key = PrivateKey.generate()
    await checked.lay_down(key)
    checked.pin(PinnedKey(key.public_key))
    assert await checked.missing() == {"provenance", "bill of materials", "scan"}
