"""What the area registers."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
import sqlalchemy

from idp.capabilities.building.capability import CAPABILITY
from idp.capabilities.building.steps.build import BuildStep
from idp.kernel.capability import Context, Remote, Signer
from idp.kernel.memory_client import MemoryClient


@pytest.fixture
def context(tmp_path: Path) -> Context:
    hub = Remote("http://127.0.0.1:8600", "instance:development", "secret")
    return Context(
        environment="development",
        data=tmp_path,
        client=MemoryClient(),
        database=sqlalchemy.create_engine("sqlite://"),
        registry=hub,
        git=hub,
        gateway_port=1,
        signer=cast(Signer, None),
        trusted_keys={},
    )


def test_the_step_is_built_from_the_context(context: Context) -> None:
    (step,) = CAPABILITY.steps(context)
    assert isinstance(step, BuildStep)
    assert step.uses == "build"
    assert step.registry_host == "127.0.0.1:8600"
    assert step.work == context.data / "building" / "work"


def test_builds_of_an_earlier_process_are_cleared_away(context: Context) -> None:
    leftover = context.data / "building" / "work" / "uid" / "source"
    leftover.mkdir(parents=True)
    CAPABILITY.steps(context)
    assert not leftover.exists()
