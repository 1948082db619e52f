from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from idp.capabilities.applications.capability import CAPABILITY, settings
from idp.capabilities.applications.watches import ApplicationIndex, release_changed
from idp.capabilities.configuration.capability import CAPABILITY as CONFIGURATION
from idp.kernel.capability import Context, Remote
from idp.kernel.controller import Controller, Request
from idp.kernel.errors import InvalidInput
from idp.kernel.memory_client import MemoryClient


class NoSigner:
    """Applications sign nothing."""

    public_key = ""
    log = None
    timestamps = None

    def sign(self, payload: bytes) -> bytes:
        raise AssertionError("nothing is to be signed")


def context(**options: Any) -> Context:
    remote = Remote("http://127.0.0.1:1", "instance", "secret")
    return Context(
        environment="uat",
        data=Path("unused"),
        client=MemoryClient(),
        database=sqlalchemy.create_engine("sqlite://"),
        registry=remote,
        git=remote,
        gateway_port=8443,
        signer=NoSigner(),
        trusted_keys={},
        options=options,
    )


def test_the_instance_decides_about_admission() -> None:
    assert settings(context()).admission is False
    assert settings(context(admission="enforce")).admission is True
    assert settings(context(enforces=["communication"])).enforces == {"communication"}


def test_a_misspelt_gate_does_not_stand_open() -> None:
    with pytest.raises(InvalidInput, match="enforced"):
        settings(context(admission="enforced"))


@pytest.mark.parametrize("capability", [CAPABILITY, CONFIGURATION])
def test_an_instance_runs_one_controller_of_each(capability: Any) -> None:
    (controller,) = capability.controllers(context(admission="enforce"))
    assert isinstance(controller, Controller)
    assert controller.name == capability.name


def application(name: str, *hosts: str, configuration: str | None = None) -> dict[str, Any]:
    spec = {"hosts": list(hosts), "configuration": configuration}
    return {"metadata": {"name": name, "namespace": "demo"}, "spec": spec}


def test_those_who_share_a_host_are_woken_together() -> None:
    index = ApplicationIndex("uat")
    one, two = Request("demo", "one"), Request("demo", "two")
    assert list(index.application_changed(application("one", "shop"))) == [one]
    assert list(index.application_changed(application("two", "shop"))) == [two, one]
    assert list(index.application_changed(application("two"))) == [two, one]
    assert list(index.application_changed(application("two"))) == [two]


def test_those_who_use_a_configuration_are_woken() -> None:
    index = ApplicationIndex("uat")
    index.application_changed(application("one"))
    index.application_changed(application("two", configuration="one-config"))
    changed = {"metadata": {"name": "one-config", "namespace": "demo"}}
    assert set(index.configuration_changed(changed)) == {
        Request("demo", "one"),
        Request("demo", "two"),
    }
    elsewhere = {"metadata": {"name": "one-config", "namespace": "other"}}
    assert list(index.configuration_changed(elsewhere)) == []


def test_a_release_wakes_its_application() -> None:
    release = {"metadata": {"name": "r1", "namespace": "demo"}, "spec": {"application": "one"}}
    assert list(release_changed(release)) == [Request("demo", "one")]
    assert list(release_changed({"metadata": {"namespace": "demo"}})) == []
