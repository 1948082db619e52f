"""The gates before a roll-out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.capabilities.applications.decide import Observed, Plan, plan
from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.resource import Condition, Manifest

Build = Callable[..., WebApplication]


def condition(decided: Plan, type: str) -> Condition:
    return next(c for c in decided.conditions if c.type == type)


def decide(application: WebApplication, **observed: Any) -> Plan:
    return plan(application, "development", Observed(**observed))


def test_an_application_with_nothing_but_an_image_is_rolled_out(build: Build, image: str) -> None:
    decided = decide(build(image=image))
    assert decided.roll_out
    assert decided.hosts == ["hello.development.localhost"]
    assert decided.configuration is None
    assert {c.type for c in decided.conditions} == {
        "Accepted",
        "ConfigurationReady",
        "Admitted",
        "HostsAvailable",
    }


@pytest.mark.parametrize(
    ("environment", "reason", "remedy"),
    [
        ({"PORT": "80"}, "ReservedVariable", "spec.port"),
        ({"IDP_RELEASE": "1"}, "ReservedVariable", "Remove IDP_RELEASE"),
        ({"A=B": "1"}, "InvalidVariable", "letters"),
        ({"A": "x" * 200_000}, "TooManyVariables", "ApplicationConfiguration"),
    ],
)
def test_variables_that_cannot_be_set_are_refused(
    build: Build, image: str, environment: dict[str, str], reason: str, remedy: str
) -> None:
    decided = decide(build(image=image, environment=environment))
    accepted = condition(decided, "Accepted")
    assert not decided.roll_out
    assert accepted.reason == reason
    assert remedy in accepted.remedy


def test_an_object_of_somebody_else_is_not_taken_over(build: Build, image: str) -> None:
    foreign = {"kind": "Service", "metadata": {"name": "hello", "namespace": "demo"}}
    decided = decide(build(image=image), live=[foreign])
    assert not decided.roll_out
    assert condition(decided, "Accepted").reason == "NameTaken"


# --- configuration -----------------------------------------------------------------------------


def configuration(*, generation: int = 1, ready: str = "True", digest: str = "d") -> Manifest:
    return {
        "metadata": {"name": "hello-config", "generation": generation},
        "status": {
            "observedGeneration": 1,
            "digest": digest,
            "conditions": [
                {
                    "type": "Ready",
                    "status": ready,
                    "reason": "UnknownEnvironment",
                    "message": "no values",
                    "remedy": "add some",
                }
            ],
        },
    }


def config_map(digest: str = "d") -> Manifest:
    annotations = {"platform.idp/configuration-digest": digest}
    return {"metadata": {"name": "hello-config", "annotations": annotations}}


def test_a_delivered_configuration_is_mounted(build: Build, image: str) -> None:
    decided = decide(build(image=image), configuration=configuration(), config_map=config_map())
    assert decided.roll_out
    assert decided.configuration is not None
    assert (decided.configuration.config_map, decided.configuration.digest) == ("hello-config", "d")


@pytest.mark.parametrize(
    ("config", "live", "reason"),
    [
        (configuration(generation=2), config_map(), "Delivering"),
        (configuration(digest="new"), config_map("old"), "Delivering"),
        (configuration(), None, "Delivering"),
        ({"metadata": {"name": "hello-config", "generation": 1}}, None, "Delivering"),
        (configuration(ready="False"), config_map(), "UnknownEnvironment"),
    ],
)
def test_an_undelivered_configuration_holds_the_roll_out(
    build: Build, image: str, config: Manifest, live: Manifest | None, reason: str
) -> None:
    decided = decide(build(image=image), configuration=config, config_map=live)
    assert not decided.roll_out
    assert condition(decided, "ConfigurationReady").reason == reason


def test_a_named_configuration_must_exist(build: Build, image: str) -> None:
    decided = decide(build(image=image, configuration="other"))
    assert not decided.roll_out
    assert condition(decided, "ConfigurationReady").reason == "NotFound"


# --- admission ---------------------------------------------------------------------------------


def release(image: str, *, application: str = "hello", admitted: str | None = "True") -> Manifest:
    conditions = []
    if admitted is not None:
        conditions = [
            {
                "type": "Admitted",
                "status": admitted,
                "reason": "SignatureInvalid",
                "message": "the signature is not valid",
                "remedy": "cut it again",
            }
        ]
    return {
        "metadata": {"name": "hello-r1", "namespace": "demo"},
        "spec": {"application": application, "image": image},
        "status": {"conditions": conditions},
    }


def test_an_admitted_release_opens_the_gate(build: Build, image: str) -> None:
    other_registry = "mirror.example/x@" + image.rpartition("@")[2]
    assert decide(build(image=image), releases=[release(other_registry)]).roll_out


@pytest.mark.parametrize(
    ("releases", "reason"),
    [
        ([], "NoRelease"),
        ([release("r/hello@sha256:" + "b" * 64)], "NoRelease"),
        ([release("same", application="other")], "NoRelease"),
        ([release("same", admitted=None)], "ReleaseUnchecked"),
        ([release("same", admitted="False")], "SignatureInvalid"),
    ],
)
def test_an_image_of_no_admitted_release_is_held(
    build: Build, image: str, releases: list[Manifest], reason: str
) -> None:
    for manifest in releases:
        if manifest["spec"]["image"] == "same":
            manifest["spec"]["image"] = image
    decided = decide(build(image=image), releases=releases)
    admitted = condition(decided, "Admitted")
    assert not decided.roll_out
    assert (admitted.status, admitted.reason) == ("False", reason)
    assert admitted.remedy


# --- hosts -------------------------------------------------------------------------------------


def rival(created: str, *hosts: str, name: str = "hello") -> Manifest:
    return {
        "metadata": {
            "name": name,
            "namespace": "other",
            "uid": "uid-rival",
            "creationTimestamp": created,
        },
        "spec": {"hosts": list(hosts)},
    }


def test_the_older_application_keeps_the_host(build: Build, image: str) -> None:
    application = build(image=image, hosts=["shop.example.org"])
    decided = decide(application, applications=[rival("2026-11-24T09:00:00Z")])
    assert decided.roll_out
    assert decided.hosts == ["shop.example.org"]
    lost = condition(decided, "HostsAvailable")
    assert lost.reason == "HostConflict"
    assert "hello.development.localhost" in lost.message


def test_the_younger_application_takes_nothing(build: Build, image: str) -> None:
    application = build(image=image, hosts=["shop.example.org"])
    younger = rival("2026-11-24T11:00:00Z", "shop.example.org")
    decided = decide(application, applications=[younger, application.manifest()])
    assert decided.hosts == ["hello.development.localhost", "shop.example.org"]


# --- what nothing enforces ---------------------------------------------------------------------


def test_rules_that_nothing_enforces_are_named(build: Build, image: str) -> None:
    application = build(
        image=image,
        communication={"allowedDestinations": ["backend"]},
        authorization={
            "enabled": True,
            "opaIntegration": {"policies": [{"name": "claims", "bundle": "platform/claims"}]},
        },
    )
    decided = decide(application)
    enforced = condition(decided, "Enforced")
    assert decided.roll_out
    assert enforced.status == "False"
    assert "claims" in enforced.message
    assert "spec.communication" in enforced.message
    assert enforced.remedy


def test_enforced_rules_are_true(build: Build, image: str) -> None:
    application = build(image=image, communication={"deniedDestinations": ["admin"]})
    decided = decide(application, enforces=frozenset({"communication"}))
    assert condition(decided, "Enforced").status == "True"
