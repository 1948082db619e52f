from __future__ import annotations

from pathlib import Path

import sqlalchemy

from idp.capabilities.signing.capability import CAPABILITY
from idp.kernel.capability import Context, Remote
from idp.kernel.memory_client import MemoryClient
from idp.protocols.signing.keys import PrivateKey


async def test_the_step_is_named(tmp_path: Path) -> None:
    remote = Remote("http://127.0.0.1:8600", "instance:development", "secret")
    key = PrivateKey.generate()
    database = sqlalchemy.create_engine("sqlite://")
    context = Context(
        environment="development",
        data=tmp_path,
        client=MemoryClient(),
        database=database,
        registry=remote,
        git=remote,
        gateway_port=1,
        signer=key,
        trusted_keys={"development": key.public_key},
    )
    assert [step.uses for step in CAPABILITY.steps(context)] == ["sign"]
    database.dispose()
