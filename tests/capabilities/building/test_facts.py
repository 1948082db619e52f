"""What is taken from `idp.yaml`."""

from __future__ import annotations

import pytest

from idp.capabilities.building.facts import Facts, read_facts
from idp.kernel.errors import IdpError, Invalid, InvalidInput

APPLICATION = """
apiVersion: platform.idp/v1alpha1
kind: WebApplication
metadata: {name: NAME}
spec:
  port: 9000
  command: ["serve", "--port", "$(PORT)"]
---
apiVersion: platform.idp/v1alpha1
kind: ApplicationConfiguration
metadata: {name: x-config}
spec: {}
"""


def test_without_a_file_there_are_defaults() -> None:
    assert read_facts(None, "hello") == Facts("hello", 8080, None)
    assert read_facts("kind: Other\n---\n", "hello") == Facts("hello", 8080, None)


def test_the_application_of_that_name_counts() -> None:
    text = APPLICATION.replace("NAME", "other") + "---" + APPLICATION.replace("NAME", "hello")
    assert read_facts(text, "hello") == Facts("hello", 9000, ("serve", "--port", "$(PORT)"))


def test_another_applications_file_is_refused() -> None:
    with pytest.raises(InvalidInput, match="describes other, not hello") as refusal:
        read_facts(APPLICATION.replace("NAME", "other"), "hello")
    assert refusal.value.remedy


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(Invalid) as refusal:
        read_facts(APPLICATION.replace("port:", "prot:"), "NAME")
    assert [cause.field for cause in refusal.value.causes] == ["spec.prot"]


@pytest.mark.parametrize(
    "text",
    ["a: &x [*x]", "a: 1\na: 2", "[", "!!python/object:os.x {}", "x: " + "y" * 300_000],
)
def test_dangerous_yaml_is_refused(text: str) -> None:
    with pytest.raises(IdpError):
        read_facts(text, "hello")
