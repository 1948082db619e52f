"""A signature is stamped once, and what no verifier would accept is not kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec

from idp.capabilities.signing.capability import CAPABILITY
from idp.capabilities.signing.timestamps import StoredTimestamps, http_authority
from idp.kernel.clock import utc_now
from idp.kernel.database import open_database
from idp.kernel.errors import Unavailable, VerificationFailed
from idp.protocols.oci.memory import MemoryRegistry
from idp.protocols.oci.ports import IMAGE_CONFIG, IMAGE_MANIFEST
from idp.protocols.signing.anchors import Anchors
from idp.protocols.signing.attestations import attach, statements
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.timestamps.authority import TimestampAuthority, certify
from idp.protocols.signing.timestamps.token import pem_of
from idp.protocols.signing.transparency.log import LoggedKey, MemoryLog
from support.control_plane import free_port

CLOCK_KEY = ec.generate_private_key(ec.SECP256R1())
AUTHORITY = TimestampAuthority(CLOCK_KEY, certify(CLOCK_KEY, "tsa", utc_now())[0])
PINNED = (pem_of(AUTHORITY.certificate),)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sa.Engine]:
    database = open_database(f"sqlite:///{tmp_path / 'history.db'}", CAPABILITY.migrations)
    yield database
    database.dispose()


async def ask(signature: bytes) -> bytes:
    return AUTHORITY.stamp(signature)


async def test_the_same_signature_has_the_same_stamp(database: sa.Engine) -> None:
    first = await StoredTimestamps(database, ask, PINNED).stamp(b"x")
    assert await StoredTimestamps(database, ask, PINNED).stamp(b"x") == first
    assert AUTHORITY.stamp(b"x") != first


async def test_a_wrong_answer_is_not_kept(database: sa.Engine) -> None:
    async def wrong(signature: bytes) -> bytes:
        return AUTHORITY.stamp(signature + b"!")

    with pytest.raises(VerificationFailed, match="another signature"):
        await StoredTimestamps(database, wrong, PINNED).stamp(b"x")
    assert await StoredTimestamps(database, ask, PINNED).stamp(b"x")


async def test_nobody_there_is_tried_again() -> None:
    unused_port = free_port()
    with pytest.raises(Unavailable, match="does not answer"):
        await http_authority(f"http://127.0.0.1:{unused_port}/timestamp")(b"x")


async def test_what_an_instance_attests_is_stamped_and_stays_one(database: sa.Engine) -> None:
    key, registry = PrivateKey.generate(), MemoryRegistry()
    config = await registry.push_blob("demo/hello", b"{}", IMAGE_CONFIG)
    body = {"mediaType": IMAGE_MANIFEST, "config": config.as_json(), "layers": []}
    image = (await registry.push_manifest("demo/hello", body)).digest
    signer = LoggedKey(key, MemoryLog(key, "uat"), StoredTimestamps(database, ask, PINNED))
    made = [await attach(registry, "demo/hello", image, "https://a/b", {}, signer) for _ in "12"]
    assert made[0] == made[1]
    trust = Anchors({"uat": key.public_key}, timestamp_authorities=PINNED)
    found = await statements(registry, "demo/hello", image, trust)
    assert [one.signer for one in found.verified] == ["uat"]
