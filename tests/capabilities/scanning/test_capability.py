from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.scanning.capability import CAPABILITY
from idp.kernel.capability import Context, Remote
from idp.kernel.database import open_database
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.memory_client import MemoryClient
from idp.protocols.signing.keys import PrivateKey


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Any]:
    key = PrivateKey.generate()
    database = open_database(f"sqlite:///{tmp_path}/history.db", CAPABILITY.migrations)
    remote = Remote("http://127.0.0.1:8600", "instance:staging", "secret")

    def make(**options: Any) -> Context:
        return Context(
            environment="staging",
            data=tmp_path,
            client=MemoryClient(),
            database=database,
            registry=remote,
            git=remote,
            gateway_port=1,
            signer=key,
            trusted_keys={"development": key.public_key, "staging": key.public_key},
            options={"advisories": str(tmp_path / "advisories.db"), **options},
        )

    yield make
    database.dispose()


async def test_the_steps_are_named(context: Any) -> None:
    assert [step.uses for step in CAPABILITY.steps(context())] == ["sbom", "scan"]


async def test_what_a_killed_process_left_is_removed(context: Any, tmp_path: Path) -> None:
    left = tmp_path / "scanning" / "work" / "left"
    left.mkdir(parents=True)
    CAPABILITY.steps(context())
    assert not left.exists()


async def test_an_origin_without_a_pinned_key_is_refused(context: Any) -> None:
    with pytest.raises(MissingPrerequisite, match="elsewhere"):
        CAPABILITY.steps(context(origin="elsewhere"))


def test_the_commands_can_be_imported() -> None:
    ((path, name),) = CAPABILITY.commands
    module, attribute = path.split(":")
    assert name == "security"
    assert hasattr(__import__(module, fromlist=[attribute]), attribute)
